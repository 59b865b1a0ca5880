/** A card for each connector, a row for each of its instances. */

import { cells, kindOf, setPill, setTexts } from './cells.mjs';
import { element, part, setAttribute, setText, syncChildren } from './dom.mjs';
import { formatAgo, formatBytes, formatCount, formatDuration, formatRate, formatTime } from './format.mjs';
import { instanceLevel, instanceState, problemsOf } from './levels.mjs';
import { instanceKey, lagOf, recordsIn, recordsOut } from './status.mjs';

/** @typedef {import('./status.mjs').ProcessStatus} ProcessStatus */
/** @typedef {import('./traffic.mjs').Traffic} Traffic */
/** @typedef {import('./status.mjs').Connector} Connector */
/** @typedef {Connector['instances'][number]} Instance */

const COLUMNS = ['Instance', 'State', 'In', 'Out', 'Lag', 'Held', 'Last record', 'Remarks'];
const NUMBERS = ['In', 'Out', 'Lag', 'Held', 'Last record'];

/** @param {ProcessStatus} status */
export function showProblems(status) {
  syncChildren(
    part('problems', HTMLElement),
    problemsOf(status),
    ({ key }) => key,
    () => element('li', {}, element('strong'), element('span')),
    (item, { level, where, what }) => {
      setAttribute(item, 'class', level);
      const [title, text] = item.children;
      if (title !== undefined && text !== undefined) {
        setText(title, where);
        setText(text, what);
      }
    },
  );
}

/** @param {ProcessStatus} status @param {Traffic} traffic */
export function showConnectors({ connectors, time }, traffic) {
  syncChildren(
    part('connectors', HTMLElement),
    connectors,
    ({ kind, tenant, namespace, name }) => `${kind} ${tenant}/${namespace}/${name}`,
    makeCard,
    (card, connector) => {
      const pill = card.querySelector('.running');
      const body = card.querySelector('tbody');
      if (pill === null || body === null) {
        return;
      }
      const { numInstances, numRunning } = connector;
      /** @type {readonly Instance[]} */
      const instances = connector.instances;
      setText(pill, `${numRunning} of ${numInstances} running`);
      setAttribute(pill, 'class', `running pill ${numRunning === numInstances ? 'ok' : 'failing'}`);
      syncChildren(
        body,
        instances,
        ({ instanceId }) => String(instanceId),
        () => cells(COLUMNS, NUMBERS),
        (row, instance) => updateInstance(row, connector, instance, time, traffic),
      );
    },
  );
}

/** @param {Connector} connector */
function makeCard({ kind, tenant, namespace, name }) {
  const heads = COLUMNS.map((column) =>
    element('th', { scope: 'col', class: kindOf(column, NUMBERS) }, column),
  );
  return element(
    'article',
    { class: 'connector' },
    element(
      'header',
      {},
      element('h3', {}, name),
      element('span', { class: 'muted' }, `${kind}, ${tenant}/${namespace}`),
      element('span', { class: 'running pill' }),
    ),
    element(
      'table',
      { class: 'instances' },
      element('thead', {}, element('tr', {}, ...heads)),
      element('tbody'),
    ),
  );
}

/**
 * @param {HTMLTableRowElement} row
 * @param {Connector} connector
 * @param {Instance} instance
 * @param {number} now
 * @param {Traffic} traffic
 */
function updateInstance(row, connector, { instanceId, status }, now, traffic) {
  const key = instanceKey(connector, instanceId);
  const lag = lagOf(status);
  const [id, state, incoming, outgoing, late, held, last, remarks] = row.cells;
  /** @param {HTMLTableCellElement | undefined} cell @param {string} text @param {string} [sub] */
  const show = (cell, text, sub = '') => cell !== undefined && setTexts(cell, text, sub);
  show(id, String(instanceId), status.numRestarts === 0 ? '' : `started again ${status.numRestarts} times`);
  if (state !== undefined) {
    setPill(state, instanceLevel(status), instanceState(status));
  }
  show(incoming, `${formatRate(traffic.rateOf(`${key} in`))} /s`, formatCount(recordsIn(status)));
  show(outgoing, `${formatRate(traffic.rateOf(`${key} out`))} /s`, formatCount(recordsOut(status)));
  show(late, connector.kind === 'sink' ? '' : formatDuration(lag));
  show(held, formatCount(status.recordsQueued), formatBytes(status.bytesQueued));
  show(last, formatAgo(status.lastReceivedTime, now));
  show(remarks, remarkOn(status, now), status.workerId === '' ? '' : `worker ${status.workerId}`);
  for (const cell of [late, remarks]) {
    cell?.classList.toggle('empty', cell.textContent === '');
  }
}

/** @param {Instance['status']} status @param {number} now */
function remarkOn(status, now) {
  const newest =
    'latestSourceExceptions' in status ? status.latestSourceExceptions : status.latestSinkExceptions;
  const [last] = newest;
  const next =
    status.nextStart === undefined ? '' : ` Next start: ${formatTime(Date.parse(status.nextStart))}.`;
  const older =
    last === undefined ? '' : `last error, ${formatAgo(last.timestampMs, now)}: ${last.exceptionString}`;
  return status.error === '' ? older : status.error + next;
}
