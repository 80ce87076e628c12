// The learning-rate ruler: zones, marks and a handle, drawn from what Python sends.
// The handle is the browser's own range input, so it can be dragged and moved by keys.
const SVG = "http://www.w3.org/2000/svg";
const LIMIT = "half fail";  // the words beside the interval of the limit
const THUMB = 16, STEPS = 1000;
const Y = { reading: 12, marks: 30, bar: 42, barHeight: 22, limit: 74, axis: 92, all: 96 };
const READINGS = [["safe", 0.9], ["probably", 0.7], ["coin toss", 0.4], ["no", -1]];

const drawn = new WeakMap();

function element(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function rateText(rate) {
  const [mantissa, exponent] = rate.toExponential(1).split("e");
  const power = Number(exponent);
  return power >= 0 && power < 4 ? String(Number(rate.toPrecision(2)))
    : `${Number(mantissa)}e${power}`;
}

function chanceAt(curve, rate) {
  if (rate <= curve[0][0]) return curve[0][1];
  for (let i = 1; i < curve.length; i++) {
    const [r0, p0] = curve[i - 1], [r1, p1] = curve[i];
    if (rate <= r1) return p0 + (p1 - p0) * Math.log(rate / r0) / Math.log(r1 / r0);
  }
  return curve[curve.length - 1][1];
}

function percentText(chance) {
  if (chance < 0.01) return "<1 %";
  return chance > 0.99 ? ">99 %" : `${Math.round(100 * chance)} %`;
}

function reading(data, rate) {
  const chance = chanceAt(data.curve, rate);
  const word = READINGS.find(([, from]) => Math.round(100 * chance) >= 100 * from)[0];
  const said = rate === data.marked ? data.marked_text : rateText(rate);
  return `at ${said}: ${word}, ${percentText(chance)}`;
}

function draw(svg, data, width, where) {
  svg.replaceChildren();
  svg.setAttribute("viewBox", `0 0 ${width} ${Y.all}`);
  svg.setAttribute("height", Y.all);
  svg.setAttribute("aria-label", data.description);
  const low = data.curve[0][0], high = data.curve[data.curve.length - 1][0];
  const x = (rate) =>
    THUMB / 2 + (width - THUMB) * Math.log(rate / low) / Math.log(high / low);
  data.zones.forEach((zone, i) => {
    const kind = ["safe", "no"].includes(zone.word) ? zone.word : "between";
    const from = x(zone.low), to = x(zone.high);
    svg.append(element("rect", { class: kind, x: from, y: Y.bar, width: to - from,
                                 height: Y.barHeight }));
    if (i > 0) svg.append(element("path", { class: "edge",
      d: `M${from},${Y.bar}v${Y.barHeight}` }));
    const words = zone.word;
    if (to - from > 8 * words.length) {
      svg.append(element("text", { class: "word", x: (from + to) / 2,
        y: Y.bar + 15, "text-anchor": "middle" }, words));
    }
  });
  const [l, m, h] = data.limit.map(x);
  svg.append(element("path", { class: "limit",
    d: `M${l},${Y.limit - 4}v8M${l},${Y.limit}H${h}M${h},${Y.limit - 4}v8M${m},${Y.limit - 6}v12` }));
  if (data.was) {
    const [a, b] = data.was.map(x);
    svg.append(element("path", { class: "was", d: `M${a},${Y.limit + 6}H${b}` }));
  }
  const isRight = width - h > 7 * LIMIT.length;
  svg.append(element("text", { x: isRight ? h + 6 : l - 6, y: Y.limit + 4,
    "text-anchor": isRight ? "start" : "end" }, LIMIT));
  svg.lastChild.append(element("title", {}, data.limit_words));
  for (const tick of data.ticks) {
    if (tick < low || tick > high) continue;
    svg.append(element("path", { class: "tick", d: `M${x(tick)},${Y.bar + Y.barHeight}v4` }));
    svg.append(element("text", { x: x(tick), y: Y.axis, "text-anchor": "middle" },
      rateText(tick)));
  }
  const taken = data.marks.map((mark) => [x(mark.rate) - 5, x(mark.rate) + 5]);
  for (const mark of data.marks) {
    const at = x(mark.rate);
    const shape = mark.held
      ? element("circle", { cx: at, cy: Y.marks, r: 5, class: `held ${mark.by}` })
      : element("path", { class: "failed",
          d: `M${at - 4},${Y.marks - 4}l8,8M${at + 4},${Y.marks - 4}l-8,8` });
    shape.append(element("title", {}, mark.title));
    svg.append(shape);
    if (mark.label) {
      // On the side where its zone is, if nothing is there, else on the other, else
      // nowhere: the title of the mark says it.
      const room = 7 * mark.label.length + 9;
      const sides = [[at - room, at - 6], [at + 6, at + room]];
      const isFree = ([from, to]) => from > 0 && to < width
        && taken.every(([a, b]) => b < from || a > to);
      const [own, other] = mark.held ? sides : [...sides].reverse();
      const span = [own, other].find(isFree);
      if (!span) continue;
      const left = span === sides[0];
      taken.push(span);
      svg.append(element("text", { x: at + (left ? -9 : 9), y: Y.marks + 4,
        "text-anchor": left ? "end" : "start" }, mark.label));
    }
  }
  const at = x(where), words = reading(data, where);
  const half = 4 * words.length;
  svg.append(element("text", { class: "reading", y: Y.reading, "text-anchor": "middle",
    x: Math.min(Math.max(at, half), width - half) }, words));
}

export default function (component) {
  const { data, parentElement } = component;
  let held = drawn.get(parentElement);
  if (!held) {
    const box = document.createElement("div");
    box.className = "ruler";
    const svg = element("svg", { role: "img" });
    const input = document.createElement("input");
    Object.assign(input, { type: "range", min: 0, max: STEPS, step: 1 });
    input.style.top = `${Y.bar - 4}px`;
    box.append(svg, input);
    parentElement.append(box);
    held = { box, svg, input, sent: "" };
    drawn.set(parentElement, held);
  }
  const { box, svg, input } = held;
  const low = data.curve[0][0], high = data.curve[data.curve.length - 1][0];
  const rateOf = () => low * Math.pow(high / low, Number(input.value) / STEPS);
  let exact = null;
  const show = () => {
    const rate = exact ?? rateOf();
    input.setAttribute("aria-valuetext", reading(data, rate));
    if (box.clientWidth > 0) draw(svg, data, box.clientWidth, rate);
  };
  const sent = JSON.stringify(data);
  if (sent !== held.sent) {
    held.sent = sent;
    input.value = Math.round(STEPS * Math.log(data.marked / low) / Math.log(high / low));
    held.exact = data.marked;
  }
  exact = held.exact;
  input.setAttribute("aria-label", "Learning rate to look at");
  input.oninput = () => { held.exact = exact = null; show(); };
  const observer = new ResizeObserver(show);
  observer.observe(box);
  show();
  return () => observer.disconnect();
}
