/** What `/status` answers, and what is easily read out of it. Every function is pure. */

/** @typedef {import('../http-status').ProcessStatus} ProcessStatus */
/** @typedef {import('../http-status').SourceInstanceStatusData} SourceData */
/** @typedef {import('../http-status').SinkInstanceStatusData} SinkData */
/** @typedef {ProcessStatus['connectors'][number]} Connector */
/** @typedef {SourceData['shards'][number]} Shard */

/** @param {SourceData | SinkData} data */
export function recordsIn(data) {
  return 'numWritten' in data ? data.numReceivedFromSource : data.numReadFromPulsar;
}

/** @param {SourceData | SinkData} data */
export function recordsOut(data) {
  return 'numWritten' in data ? data.numWritten : data.numWrittenToSink;
}

/** Whether the one who tells of a shard reads it, and thus knows more than the lease table says. @param {Shard} shard */
export function isReadHere({ state }) {
  return state !== 'ELSEWHERE' && state !== 'UNOWNED' && state !== 'FINISHED';
}

/** Of the shards that an instance reads, milliseconds; undefined when nothing is known. @param {SourceData | SinkData} data */
export function lagOf(data) {
  return largestLag(shardsOf(data).filter(isReadHere));
}

/** @param {SourceData | SinkData} data @returns {readonly Shard[]} */
export function shardsOf(data) {
  return 'shards' in data ? data.shards : [];
}

/**
 * How late a shard is, in reading or in delivery, milliseconds; undefined while nobody knows.
 * @param {Shard} shard
 */
export function lagOfShard({ millisBehindLatest, unconfirmedAge = 0 }) {
  return millisBehindLatest === undefined ? undefined : Math.max(millisBehindLatest, unconfirmedAge);
}

/** Of those that are not finished. @param {readonly Shard[]} shards */
export function largestLag(shards) {
  const known = shards.flatMap((shard) => (shard.state === 'FINISHED' ? [] : (lagOfShard(shard) ?? [])));
  return known.length === 0 ? undefined : known.reduce((most, lag) => Math.max(most, lag));
}

/** The shards of a source, each once: where instances tell of the same, as the one tells that reads it. @param {Connector} connector */
export function distinctShards({ instances }) {
  /** @type {Map<string, { shard: Shard, instanceId: number, data: SourceData | SinkData }>} */
  const found = new Map();
  for (const { instanceId, status } of instances) {
    for (const shard of shardsOf(status)) {
      const key = `${shard.stream} ${shard.shardId}`;
      if (!found.has(key) || isReadHere(shard)) {
        found.set(key, { shard, instanceId, data: status });
      }
    }
  }
  return [...found.values()];
}

/** @param {{ kind: string, tenant: string, namespace: string, name: string }} connector @param {number} instanceId */
export function instanceKey({ kind, tenant, namespace, name }, instanceId) {
  return `${kind} ${tenant}/${namespace}/${name}/${instanceId}`;
}
