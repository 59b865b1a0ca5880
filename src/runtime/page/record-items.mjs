/** The records of a look. */

import { element, part, setText } from './dom.mjs';
import { formatBytes, formatTime } from './format.mjs';
import { bytesOf, shownPayload } from './payload.mjs';

/** @typedef {import('../look').SeenRecord} SeenRecord */
/** @typedef {import('./payload.mjs').View} View */

/** @param {SeenRecord} record @param {HTMLElement} content */
export function recordItem(record, content) {
  const { shardId, sequenceNumber, subSequenceNumber, aggregated, partitionKey, explicitHashKey } = record;
  const cut = record.truncated ? ', its beginning is shown' : '';
  const number = aggregated ? `${sequenceNumber}:${subSequenceNumber}` : sequenceNumber;
  const facts = [
    element('span', { class: 'key' }, partitionKey),
    element('span', {}, formatTime(record.approximateArrival)),
    element('span', {}, shardId),
    element('span', { class: 'mono' }, number),
    element('span', {}, `${formatBytes(record.size)}${cut}`),
    ...(aggregated ? [element('span', {}, 'out of an aggregate')] : []),
    ...(explicitHashKey === undefined ? [] : [element('span', {}, `hash key ${explicitHashKey}`)]),
  ];
  return element('li', {}, element('div', { class: 'facts' }, ...facts), content);
}

/** @param {HTMLElement} content @param {SeenRecord} record */
export function showContent(content, { data }) {
  const chosen = part('look-view', HTMLElement).querySelector('input:checked');
  const wanted = /** @type {View} */ (chosen instanceof HTMLInputElement ? chosen.value : 'auto');
  const { text, view } = shownPayload(bytesOf(data), wanted);
  content.className = view === 'none' ? 'muted' : view;
  setText(content, text);
}
