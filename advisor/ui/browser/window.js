// Moves the window to the newest question, once a turn, and puts the cursor into the
// input when the page is opened on a machine with a mouse.
// The top bar and the input lie over the page. It still moves after its script is done.
const HEADER = 64, INPUT = 140, SETTLING_MS = 1200, PATIENCE_MS = 5000;
const seen = new WeakMap();

const isFree = () => [document.body, null].includes(document.activeElement);

// A button that was pressed may be gone: the next Tab then starts from what came of it.
function goOnFrom(key) {
  const until = performance.now() + PATIENCE_MS;
  const look = () => {
    const place = document.querySelector(`.st-key-${key}`);
    if (place && isFree()) {
      place.tabIndex = -1;
      place.focus({ preventScroll: true });
    } else if (performance.now() < until) window.setTimeout(look, 100);
  };
  look();
}

// What scrolls sideways, such as a table on a phone, is reached by the keyboard.
function reachTables() {
  for (const box of document.querySelectorAll('[data-testid="stTable"] > div')) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}
const tables = new MutationObserver(reachTables);

export default function (component) {
  const { data, parentElement } = component;
  const before = seen.get(parentElement);
  seen.set(parentElement, data.turn);
  const main = document.querySelector("main");
  if (main) main.style.scrollPadding = `${HEADER}px 0 ${INPUT}px`;
  if (main) tables.observe(main, { childList: true, subtree: true });
  reachTables();
  if (data.focus) goOnFrom(data.focus);
  const fine = window.matchMedia("(pointer: fine)").matches;
  const focus = () => {
    const box = document.querySelector('[data-testid="stChatInputTextArea"]');
    if (box && fine && isFree() && !box.disabled) box.focus({ preventScroll: true });
  };
  let timer = 0;
  if (before === undefined) timer = window.setTimeout(focus, 300);
  if (before === data.turn || !data.turn) return () => window.clearTimeout(timer);

  if (main) main.style.overflowAnchor = "none";
  const isRunning = () => document.querySelector('[data-testid="stApp"]')
    ?.getAttribute("data-test-script-state") === "running";
  let until = performance.now() + SETTLING_MS, moved = false;
  const stop = () => { moved = true; };
  const by = ["wheel", "touchmove", "keydown", "pointerdown"];
  by.forEach((name) => main?.addEventListener(name, stop, { once: true, passive: true }));
  const hold = () => {
    const turn = document.querySelector(`.st-key-${data.anchor}`);
    if (turn && main) {
      document.querySelectorAll("[data-newest]").forEach((old) => {
        if (old !== turn) { old.style.minHeight = ""; delete old.dataset.newest; }
      });
      turn.dataset.newest = "";
      turn.style.minHeight = `${main.clientHeight - HEADER - 100}px`;
      const top = turn.getBoundingClientRect().top - main.getBoundingClientRect().top;
      if (Math.abs(top - HEADER) > 2) main.scrollTop += top - HEADER;
    }
    if (isRunning()) until = performance.now() + SETTLING_MS;
    if (!moved && performance.now() < until) frame = requestAnimationFrame(hold);
    else focus();
  };
  let frame = requestAnimationFrame(hold);
  return () => { window.clearTimeout(timer); };
}
