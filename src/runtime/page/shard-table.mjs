/** The table of shards: filtered, sorted, and no more of it than a browser draws at once. */

import { cells, setPill, setTexts } from './cells.mjs';
import { element, part, setAttribute, setText, syncChildren } from './dom.mjs';
import { formatAgo, formatCount, formatDuration, formatNumberOf, formatRate, shortened } from './format.mjs';
import { LATE_MS, SHARD_STATES } from './levels.mjs';
import { filteredRows, shardRows, sortedRows } from './shard-rows.mjs';
import { lagOfShard } from './status.mjs';

/** @typedef {import('./status.mjs').ProcessStatus} ProcessStatus */
/** @typedef {import('./shard-rows.mjs').ShardRow} ShardRow */
/** @typedef {import('./shard-rows.mjs').Column} Column */
/** @typedef {import('./traffic.mjs').Traffic} Traffic */

/** Rows until somebody asks for more. */
const PAGE = 200;

/** @type {readonly { column: Column, title: string, number: boolean }[]} */
const COLUMNS = [
  { column: 'shard', title: 'Shard', number: false },
  { column: 'state', title: 'State', number: false },
  { column: 'owner', title: 'Owner', number: false },
  { column: 'lag', title: 'Lag', number: true },
  { column: 'rate', title: 'Rate', number: true },
  { column: 'checkpoint', title: 'Checkpoint', number: true },
  { column: 'error', title: 'Remarks', number: false },
];
const TITLES = COLUMNS.map(({ title }) => title);
const NUMBERS = COLUMNS.flatMap(({ title, number }) => (number ? [title] : []));

export class ShardTable {
  /** @type {Column} */
  #column = 'shard';
  #descending = false;
  #most = PAGE;
  /** @type {(() => void) | undefined} */
  #redraw;
  #onLook;

  /** @param {(row: ShardRow) => void} onLook somebody wants to see the records of a shard */
  constructor(onLook) {
    this.#onLook = onLook;
    const head = part('shards-head', HTMLElement);
    for (const { column, title, number } of COLUMNS) {
      const button = element('button', { type: 'button' }, title);
      button.addEventListener('click', () => this.#sortBy(column));
      head.append(
        element('th', { scope: 'col', 'data-column': column, class: number ? 'number' : '' }, button),
      );
    }
    part('shards-text', HTMLInputElement).addEventListener('input', () => this.#redraw?.());
    part('shards-show', HTMLSelectElement).addEventListener('input', () => this.#redraw?.());
    const sort = part('shards-sort', HTMLSelectElement);
    sort.addEventListener('input', () => this.#sortBy(/** @type {Column} */ (sort.value)));
    part('shards-more', HTMLButtonElement).addEventListener('click', () => {
      this.#most = Number.POSITIVE_INFINITY;
      this.#redraw?.();
    });
  }

  /** @param {ProcessStatus} status @param {Traffic} traffic @param {boolean} canLook */
  show(status, traffic, canLook) {
    const rows = shardRows(status, (counter) => traffic.rateOf(counter));
    // A source that is starting has none yet: whoever types a filter meanwhile keeps his place.
    part('shards-section', HTMLElement).hidden = status.connectors.every(({ kind }) => kind !== 'source');
    this.#redraw = () => this.#draw(rows, status.time, canLook);
    this.#redraw();
  }

  /** First what is worth a look: the largest lag, the worst state. @param {Column} column */
  #sortBy(column) {
    this.#descending =
      column === this.#column ? !this.#descending : ['lag', 'rate', 'error'].includes(column);
    this.#column = column;
    this.#redraw?.();
  }

  /** @param {readonly ShardRow[]} rows @param {number} now @param {boolean} canLook */
  #draw(rows, now, canLook) {
    const text = part('shards-text', HTMLInputElement).value;
    const show = part('shards-show', HTMLSelectElement).value;
    const found = filteredRows(rows, { text, show });
    const sorted = sortedRows(found, this.#column, this.#descending);
    const shown = sorted.slice(0, this.#most);
    for (const head of part('shards-head', HTMLElement).children) {
      const direction = this.#descending ? 'descending' : 'ascending';
      setAttribute(
        head,
        'aria-sort',
        head.getAttribute('data-column') === this.#column ? direction : undefined,
      );
    }
    part('shards-sort', HTMLSelectElement).value = this.#column;
    setText(
      part('shards-count', HTMLElement),
      found.length === rows.length
        ? formatNumberOf(rows.length, 'shard')
        : `${formatCount(found.length)} of ${formatNumberOf(rows.length, 'shard')}`,
    );
    syncChildren(
      part('shards-body', HTMLElement),
      shown,
      ({ key }) => key,
      (row) => this.#make(row),
      (row, item) => update(row, item, now, canLook),
    );
    const empty = part('shards-empty', HTMLElement);
    empty.hidden = found.length > 0;
    setText(empty, rows.length === 0 ? 'No shard is known yet.' : 'No shard is like that.');
    const more = part('shards-more', HTMLButtonElement);
    more.hidden = shown.length === found.length;
    setText(more, `Show all ${formatCount(found.length)}`);
  }

  /** @param {ShardRow} item */
  #make(item) {
    const row = cells(TITLES, NUMBERS);
    const look = element(
      'button',
      { type: 'button', class: 'link', title: 'look at its records' },
      item.shard.shardId,
    );
    look.addEventListener('click', () => this.#onLook(item));
    row.cells[0]?.append(
      element('span', {}, look, element('span', {}, item.shard.shardId)),
      element('span', { class: 'sub' }, item.shard.stream),
    );
    row.cells[2]?.classList.add('owner');
    return row;
  }
}

/** @param {HTMLTableRowElement} row @param {ShardRow} item @param {number} now @param {boolean} canLook */
function update(row, { shard, level, rate, error }, now, canLook) {
  const [name, state, owner, lag, speed, checkpoint, remarks] = row.cells;
  const names = name?.firstElementChild?.children;
  if (names?.[0] instanceof HTMLElement && names[1] instanceof HTMLElement) {
    names[0].hidden = !canLook;
    names[1].hidden = canLook;
  }
  setAttribute(row, 'class', level === 'ok' || level === 'idle' ? undefined : level);
  /** @param {HTMLTableCellElement | undefined} cell @param {string} text @param {string} [sub] */
  const show = (cell, text, sub = '') => cell !== undefined && setTexts(cell, text, sub);
  if (state !== undefined) {
    setPill(state, level, stateOf(shard, level));
  }
  show(owner, shard.owner ?? '');
  if (owner !== undefined) {
    setAttribute(owner, 'title', shard.owner);
  }
  show(lag, formatDuration(lagOfShard(shard)));
  show(speed, rate === undefined ? '' : `${formatRate(rate)} /s`);
  const at = shard.checkpointedAt;
  show(checkpoint, shortened(shard.checkpoint), at === undefined ? '' : formatAgo(at, now));
  if (checkpoint !== undefined) {
    setAttribute(checkpoint, 'title', shard.checkpoint);
  }
  const { lastError } = shard;
  show(remarks, error, lastError === undefined || error === '' ? '' : formatAgo(lastError.at, now));
  for (const cell of [owner, speed, remarks]) {
    cell?.classList.toggle('empty', cell.textContent === '');
  }
}

/** @param {ShardRow['shard']} shard @param {string} level */
function stateOf(shard, level) {
  const { state, heldBack } = shard;
  if (level === 'failing') {
    return 'stands still';
  }
  if (heldBack) {
    return 'held back by Pulsar';
  }
  return state === 'PROCESSING' && (lagOfShard(shard) ?? 0) >= LATE_MS ? 'late' : SHARD_STATES[state];
}
