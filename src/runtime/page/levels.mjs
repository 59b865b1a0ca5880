/** What is well, late or failing, and in which order to look at it. Every function is pure. */

import { formatDuration } from './format.mjs';
import { distinctShards, lagOf, lagOfShard, largestLag, recordsIn, recordsOut } from './status.mjs';

/** @typedef {import('./status.mjs').ProcessStatus} ProcessStatus */
/** @typedef {import('./status.mjs').SourceData} SourceData */
/** @typedef {import('./status.mjs').SinkData} SinkData */
/** @typedef {import('./status.mjs').Connector} Connector */
/** @typedef {import('./status.mjs').Shard} Shard */
/** @typedef {'failing' | 'late' | 'ok' | 'idle'} Level */

/** Milliseconds behind the end of a shard from which on it is called late. */
export const LATE_MS = 60_000;

/** Worst first. @type {readonly Level[]} */
export const LEVELS = ['failing', 'late', 'ok', 'idle'];

/** What a state is called on the page. @type {Record<Shard['state'], string>} */
export const SHARD_STATES = {
  WAITING_ON_PARENTS: 'waits for its parents',
  INITIALIZING: 'starting',
  PROCESSING: 'reading',
  SHUTTING_DOWN: 'handing over',
  ELSEWHERE: 'read elsewhere',
  UNOWNED: 'read by nobody',
  FINISHED: 'finished',
};

/**
 * @param {Shard} shard
 * @param {SourceData | SinkData} instance that tells of it
 * @returns {Level}
 */
export function shardLevel(shard, instance) {
  if (shard.state === 'FINISHED') {
    return 'idle';
  }
  if (stalledPart(shard, instance) !== undefined) {
    return 'failing';
  }
  if ((lagOfShard(shard) ?? 0) >= LATE_MS) {
    return 'late';
  }
  return shard.state === 'UNOWNED' || shard.state === 'WAITING_ON_PARENTS' ? 'idle' : 'ok';
}

/**
 * The part of an instance that stands still and belongs to the shard. Parts begin with the name of their shard, which
 * holds that of the stream where a source reads several.
 * @param {Shard} shard
 * @param {SourceData | SinkData} instance
 */
export function stalledPart({ stream, shardId }, { stalled }) {
  return stalled.find(({ part }) => {
    const [name = ''] = part.split(' ');
    return name === shardId || (name.endsWith(`:${shardId}`) && name.includes(stream));
  });
}

/** @param {SourceData | SinkData} data @returns {Level} */
export function instanceLevel(data) {
  if (data.state === 'failed' || data.state === 'restarting' || data.stalled.length > 0) {
    return 'failing';
  }
  if (data.state !== 'running') {
    return data.state === 'ended' ? 'idle' : 'late';
  }
  const lag = lagOf(data);
  return lag !== undefined && lag >= LATE_MS ? 'late' : 'ok';
}

/** In words. @param {SourceData | SinkData} data */
export function instanceState(data) {
  if (data.state !== 'running') {
    return data.state;
  }
  if (data.stalled.length > 0) {
    return 'stands still';
  }
  return instanceLevel(data) === 'late' ? 'running, late' : 'running';
}

/**
 * What somebody who was woken up should read first, worst first.
 * @param {ProcessStatus} status
 * @returns {{ key: string, level: Level, where: string, what: string }[]}
 */
export function problemsOf({ connectors }) {
  const problems = connectors.flatMap((connector) => {
    const { kind, name, instances } = connector;
    const late = latenessOf(connector);
    return [
      ...instances.flatMap(({ instanceId, status }) => {
        const where = `${kind} ${name}, instance ${instanceId}`;
        return instanceProblems(status).map((it) => ({ ...it, where, key: `${where} ${it.key}` }));
      }),
      ...(late === undefined ? [] : [{ ...late, where: `${kind} ${name}`, key: `${kind} ${name} late` }]),
    ];
  });
  return problems.sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level));
}

/** @param {SourceData | SinkData} data @returns {{ key: string, level: Level, what: string }[]} */
function instanceProblems(data) {
  /** @type {{ key: string, level: Level, what: string }[]} */
  const problems = [];
  if (data.state !== 'running' && data.state !== 'ended') {
    const why = data.error === '' ? '' : `: ${data.error}`;
    const level = instanceLevel(data);
    problems.push({ key: 'state', level, what: `${data.state}${why}` });
  }
  for (const { part, code, reason } of data.stalled) {
    problems.push({
      key: `stalled ${part}`,
      level: 'failing',
      what: `${part} stands still, ${code}: ${reason}`,
    });
  }
  return problems;
}

/** @param {Connector} connector @returns {{ level: Level, what: string } | undefined} */
function latenessOf(connector) {
  const shards = distinctShards(connector).map(({ shard }) => shard);
  const late = shards.filter((shard) => (largestLag([shard]) ?? 0) >= LATE_MS);
  if (late.length === 0) {
    return undefined;
  }
  const many = late.length === 1 ? `${late[0]?.shardId} is` : `${late.length} shards are`;
  const heldBack = late.filter((shard) => shard.heldBack).length;
  const reason = heldBack === 0 ? '' : `; ${heldBack} of them held back until Pulsar confirms more`;
  return { level: 'late', what: `${many} late, up to ${formatDuration(largestLag(late))}${reason}` };
}

/** @param {ProcessStatus} status */
export function totalsOf({ connectors }) {
  const totals = { in: 0, out: 0, held: 0, heldBytes: 0, instances: 0, running: 0 };
  for (const { instances, numRunning } of connectors) {
    totals.running += numRunning;
    for (const { status } of instances) {
      totals.instances++;
      totals.in += recordsIn(status);
      totals.out += recordsOut(status);
      totals.held += status.recordsQueued;
      totals.heldBytes += status.bytesQueued;
    }
  }
  return totals;
}
