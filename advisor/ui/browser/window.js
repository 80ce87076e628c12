// Moves the window to the newest question, once a turn, and puts the cursor into the
// input when the page is opened on a machine with a mouse.
// The top bar, and how long a page still moves after its script is done.
const HEADER = 64, SETTLING_MS = 1200;
const seen = new WeakMap();

export default function (component) {
  const { data, parentElement } = component;
  const before = seen.get(parentElement);
  seen.set(parentElement, data.turn);
  const fine = window.matchMedia("(pointer: fine)").matches;
  const focus = () => {
    const box = document.querySelector('[data-testid="stChatInputTextArea"]');
    const free = [document.body, null].includes(document.activeElement);
    if (box && fine && free && !box.disabled) box.focus({ preventScroll: true });
  };
  let timer = 0;
  if (before === undefined) timer = window.setTimeout(focus, 300);
  if (before === data.turn || !data.turn) return () => window.clearTimeout(timer);

  const main = document.querySelector("main");
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
