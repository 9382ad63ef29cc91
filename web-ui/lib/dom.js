// Builds nodes. Text only ever becomes text: names come from strangers, so nothing here parses HTML.

const SVG = 'http://www.w3.org/2000/svg';

/**
 * Makes an element: `el('button.quiet', { onclick, ariaLabel: 'Close' }, 'Close')`.
 * Keys of `props` are properties where they begin with `on`, else attributes; `false`, `null` and
 * `undefined` leave one out. Children are nodes, strings, numbers, or lists of them.
 */
export function el(spec, props, ...children) {
  const [tag, ...classes] = spec.split('.');
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(' ');
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === false || value === null || value === undefined) continue;
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? '' : value);
  }
  put(node, children);
  return node;
}

/** Appends children; what is missing is skipped. */
export function put(node, ...children) {
  for (const child of children.flat(3)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : String(child));
  }
  return node;
}

/** Puts children in place of what is there. */
export function fill(node, ...children) {
  node.replaceChildren();
  return put(node, ...children);
}

/** Writes text only where it changes, so that an update costs nothing where nothing happened. */
export function say(node, text) {
  const wanted = String(text ?? '');
  if (node.said === wanted) return;
  node.said = wanted;
  node.textContent = wanted;
}

/** Sets or takes away an attribute, only where it changes. */
export function attribute(node, name, value) {
  if (value === null || value === undefined || value === false) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else {
    const wanted = value === true ? '' : String(value);
    if (node.getAttribute(name) !== wanted) node.setAttribute(name, wanted);
  }
}

/** Sets a custom property. The policy forbids style attributes in HTML, not this way to them. */
export function variable(node, name, value) {
  const wanted = String(value);
  if (node.style.getPropertyValue(name) !== wanted) node.style.setProperty(name, wanted);
}

/** Shows or hides. */
export function show(node, visible) {
  if (node.hidden === visible) node.hidden = !visible;
}

/** A symbol of the sprite in index.html. It says nothing to a screen reader: the text beside it does. */
export function icon(name) {
  const drawing = svg('svg', { class: 'icon', 'aria-hidden': 'true', focusable: 'false' });
  drawing.append(svg('use', { href: `#icon-${name}` }));
  return drawing;
}

/** Changes which symbol an icon shows. */
export function setIcon(drawing, name) {
  attribute(drawing.firstChild, 'href', `#icon-${name}`);
}

/** An element of SVG. */
export function svg(tag, attributes = {}) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

/** A button with an icon and a label; `bare` keeps the label for screen readers and the tooltip only. */
export function button(label, { symbol, kind = '', bare = false, ...props } = {}) {
  const node = el(`button${kind && `.${kind}`}${bare ? '.bare' : ''}`, { type: 'button', ...props });
  if (symbol) node.append(icon(symbol));
  if (bare) node.title = label;
  node.append(el(bare ? 'span.unseen' : 'span.label', null, label));
  return node;
}
