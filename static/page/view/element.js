// Makes and changes parts of the page. Data goes in as text and nothing else: there is no way here to pass markup.

/** `<tag class=…>` holding text and further elements. */
export function element(tag, className = "", ...content) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...content);
  return made;
}

/** `<tag>` with attributes, of which those that are true are there without a value. */
export function made(tag, attributes, ...content) {
  return withAttributes(document.createElement(tag), attributes, content);
}

/** A part of a drawing, inside of an `<svg>`. */
export function drawing(tag, attributes, ...content) {
  return withAttributes(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, content);
}

/** A `<span>` for a text that may run from right to left, without turning its surroundings with it. */
export function ownDirection(text, className) {
  return element("span", className, element("bdi", "", text));
}

/** Touches the page only where something is different, so that nothing is laid out or announced anew for nothing. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setHidden(node, hidden) {
  if (node.hidden !== hidden) node.hidden = hidden;
}

/** A button that cannot be used now stays where the keyboard focus is; its handler has to look for itself. */
export function setUsable(button, usable) {
  button.setAttribute("aria-disabled", String(!usable));
}

function withAttributes(node, attributes, content) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value === true ? "" : value);
  node.append(...content);
  return node;
}
