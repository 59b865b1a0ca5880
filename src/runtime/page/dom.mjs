/** The few things the page does with the document. Whatever is shown is set as text: none of it can become markup. */

/**
 * An element with attributes and children.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/**
 * The element of the page with that id, of that class.
 * @template {HTMLElement} Type
 * @param {string} id
 * @param {{ new(): Type }} type
 * @returns {Type}
 */
export function part(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) {
    throw new Error(`the page has no ${id}`);
  }
  return found;
}

/** Only what differs is touched, so that nothing flickers and a selection stays. @param {Node} node @param {string} text */
export function setText(node, text) {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

/** Removes the attribute where there is no value. @param {Element} node @param {string} name @param {string} [value] */
export function setAttribute(node, name, value) {
  if (value === undefined) {
    node.removeAttribute(name);
  } else if (node.getAttribute(name) !== value) {
    node.setAttribute(name, value);
  }
}

/**
 * Makes `parent` hold one child an item, in their order. A child stays the same element for as long as its key is
 * there; one that stands where it belongs is not moved.
 * @template Item
 * @template {Element} Child
 * @param {Element} parent
 * @param {readonly Item[]} items
 * @param {(item: Item) => string} keyOf unique among the items
 * @param {(item: Item) => Child} make
 * @param {(child: Child, item: Item) => void} update also called for what was just made
 */
export function syncChildren(parent, items, keyOf, make, update) {
  /** @type {Map<string, Child>} */
  const known = CHILDREN.get(parent) ?? new Map();
  /** @type {Map<string, Child>} */
  const kept = new Map();
  let next = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    const child = known.get(key) ?? make(item);
    kept.set(key, child);
    known.delete(key);
    if (child === next) {
      next = next.nextElementSibling;
    } else {
      parent.insertBefore(child, next);
    }
    update(child, item);
  }
  for (const gone of known.values()) {
    gone.remove();
  }
  CHILDREN.set(parent, kept);
}

/** @type {WeakMap<Element, Map<string, any>>} */
const CHILDREN = new WeakMap();
