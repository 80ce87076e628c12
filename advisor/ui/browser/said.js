// Says to a screen reader that an answer has come, and what it says.
const lines = new WeakMap();

export default function (component) {
  const { data, parentElement } = component;
  let line = lines.get(parentElement);
  if (!line) {
    line = document.createElement("div");
    line.setAttribute("role", "status");
    line.setAttribute("aria-live", "polite");
    line.style.cssText =
      "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)";
    parentElement.append(line);
    lines.set(parentElement, line);
  }
  if (line.textContent !== data.said) line.textContent = data.said;
}
