/** Rows of the table of shards: what is in them, which are shown, and in which order. Every function is pure. */

import { LEVELS, shardLevel, stalledPart } from './levels.mjs';
import { distinctShards, instanceKey, lagOfShard } from './status.mjs';

/** @typedef {import('./status.mjs').ProcessStatus} ProcessStatus */
/** @typedef {import('./status.mjs').Shard} Shard */
/** @typedef {import('./levels.mjs').Level} Level */

/**
 * @typedef {object} ShardRow
 * @property {string} key
 * @property {string} connector `tenant/namespace/name` of the source
 * @property {Shard} shard
 * @property {Level} level
 * @property {number | undefined} rate records a second
 * @property {string} error what is wrong with it, or was last
 */

/** @typedef {'shard' | 'state' | 'owner' | 'lag' | 'rate' | 'checkpoint' | 'error'} Column */

/**
 * Every shard of every source.
 * @param {ProcessStatus} status
 * @param {(counter: string) => number | undefined} rateOf
 * @returns {ShardRow[]}
 */
export function shardRows({ connectors }, rateOf) {
  return connectors.flatMap((source) => {
    const connector = `${source.tenant}/${source.namespace}/${source.name}`;
    return distinctShards(source).map(({ shard, instanceId, data }) => {
      const { code, reason } = stalledPart(shard, data) ?? {};
      const { lastError } = shard;
      const last = lastError === undefined ? '' : `${lastError.code}: ${lastError.message}`;
      return {
        key: `${connector} ${shard.stream} ${shard.shardId}`,
        connector,
        shard,
        level: shardLevel(shard, data),
        rate: rateOf(`${instanceKey(source, instanceId)} ${shard.stream} ${shard.shardId}`),
        error: code === undefined ? last : `${code}: ${reason}`,
      };
    });
  });
}

/**
 * @param {readonly ShardRow[]} rows
 * @param {{ text: string, show: string }} filter `show`: all, unfinished, attention, or a state
 */
export function filteredRows(rows, { text, show }) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter(({ connector, shard, level, error }) => {
    const shown =
      show === 'all' ||
      (show === 'unfinished' && shard.state !== 'FINISHED') ||
      (show === 'attention' && (level === 'failing' || level === 'late')) ||
      show === shard.state;
    const haystack =
      `${connector} ${shard.stream} ${shard.shardId} ${shard.owner ?? ''} ${error}`.toLowerCase();
    return shown && words.every((word) => haystack.includes(word));
  });
}

/** @type {Record<Column, (row: ShardRow) => string | number>} */
const VALUES = {
  shard: ({ shard }) => `${shard.stream} ${shard.shardId}`,
  state: ({ level }) => LEVELS.indexOf(level),
  owner: ({ shard }) => shard.owner ?? '',
  lag: ({ shard }) => lagOfShard(shard) ?? -1,
  rate: ({ rate }) => rate ?? -1,
  checkpoint: ({ shard }) => shard.checkpointedAt ?? 0,
  error: ({ error }) => error,
};

/** Sorted by one column; equal ones by their names, so that rows do not jump. @param {readonly ShardRow[]} rows @param {Column} column @param {boolean} descending */
export function sortedRows(rows, column, descending) {
  const value = VALUES[column];
  const sign = descending ? -1 : 1;
  return [...rows].sort((a, b) => sign * compare(value(a), value(b)) || compare(a.key, b.key));
}

/** @param {string | number} a @param {string | number} b */
function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}
