/** Cells of tables, filled in place. */

import { element, setAttribute, setText } from './dom.mjs';

/**
 * A row of empty cells that know their column's name: on a narrow screen there is no head.
 * @param {readonly string[]} columns
 * @param {readonly string[]} numbers those that hold figures
 */
export function cells(columns, numbers) {
  return element(
    'tr',
    {},
    ...columns.map((column) => element('td', { 'data-label': column, class: kindOf(column, numbers) })),
  );
}

/** How the cells of a column look. @param {string} column @param {readonly string[]} numbers those that hold figures */
export function kindOf(column, numbers) {
  return numbers.includes(column) ? 'number' : column === 'Remarks' ? 'remark' : '';
}

/** Two lines of a cell. @param {Element} cell @param {string} text @param {string} sub */
export function setTexts(cell, text, sub) {
  if (cell.childElementCount === 0) {
    cell.append(element('span'), element('span', { class: 'sub' }));
  }
  const [first, second] = cell.children;
  if (first !== undefined && second !== undefined) {
    setText(first, text);
    setText(second, sub);
  }
}

/** @param {Element} cell @param {string} level @param {string} text */
export function setPill(cell, level, text) {
  const pill = cell.firstElementChild ?? cell.appendChild(element('span'));
  setAttribute(pill, 'class', `pill ${level}`);
  setText(pill, text);
}
