/** The totals with their last minutes. */

import { element, part, setAttribute, setText, syncChildren } from './dom.mjs';
import { formatBytes, formatCount, formatDuration, formatRate } from './format.mjs';
import { LATE_MS, totalsOf } from './levels.mjs';
import { drawSparkline, sparkline } from './sparkline.mjs';

/** @typedef {import('./status.mjs').ProcessStatus} ProcessStatus */
/** @typedef {import('./traffic.mjs').Traffic} Traffic */

/** Looks that fill the width of a chart at least: the first ones are not blown up to it. */
const FEWEST = 30;

/**
 * @typedef {object} Tile
 * @property {string} name
 * @property {string} figure
 * @property {string} more
 * @property {boolean} late
 * @property {readonly (number | undefined)[]} values
 * @property {(value: number | undefined) => string} format
 */

/** @param {ProcessStatus} status @param {Traffic} traffic */
export function showTiles(status, traffic) {
  const totals = totalsOf(status);
  const { totals: past } = traffic;
  const lag = past.lag.at(-1);
  const rate = (/** @type {number | undefined} */ value) => `${formatRate(value)} /s`;
  const count = (/** @type {number | undefined} */ value) => formatCount(value);
  /** @type {Tile[]} */
  const tiles = [
    {
      name: 'Records in',
      figure: rate(past.in.at(-1)),
      more: `${formatCount(totals.in)} read`,
      late: false,
      values: past.in,
      format: rate,
    },
    {
      name: 'Records out',
      figure: rate(past.out.at(-1)),
      more: `${formatCount(totals.out)} confirmed`,
      late: false,
      values: past.out,
      format: rate,
    },
    {
      name: 'Lag',
      figure: formatDuration(lag),
      more: 'of the shard that is farthest behind',
      late: (lag ?? 0) >= LATE_MS,
      values: past.lag,
      format: formatDuration,
    },
    {
      name: 'Held',
      figure: formatCount(totals.held),
      more: `records between in and out, ${formatBytes(totals.heldBytes)}`,
      late: false,
      values: past.held,
      format: count,
    },
  ];
  syncChildren(part('tiles', HTMLElement), tiles, ({ name }) => name, makeTile, updateTile);
}

/** @param {Tile} tile */
function makeTile({ name }) {
  return element(
    'div',
    { class: 'tile' },
    element('span', { class: 'name' }, name),
    element('span', { class: 'figure' }),
    sparkline(),
    element('span', { class: 'more' }),
  );
}

/** @param {HTMLElement} node @param {Tile} tile */
function updateTile(node, { name, figure, more, late, values, format }) {
  const [, figureNode, svg, moreNode] = node.children;
  if (figureNode instanceof HTMLElement && svg instanceof SVGSVGElement && moreNode !== undefined) {
    setText(figureNode, figure);
    setText(moreNode, more);
    setAttribute(node, 'class', late ? 'tile late' : 'tile');
    const known = values.filter((value) => value !== undefined);
    const label = `${name}: ${format(known[0])} to ${format(known.at(-1))}, at most ${format(Math.max(0, ...known))}`;
    drawSparkline(svg, values, Math.max(FEWEST, values.length), label);
  }
}
