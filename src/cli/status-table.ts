import type { ShardState, ShardStatus } from '../io';
import type { ProcessStatus, SinkInstanceStatusData, SourceInstanceStatusData } from '../runtime/http-status';
import { shardInWords, spanInWords } from './humane';
import { printable } from './terminal-text';
import { textTable } from './text-table';

/** What stands where something is unknown or does not apply. */
const NONE = '-';

/** States of shards that the one who tells of them reads. */
const READ_HERE: readonly ShardState[] = [
  'WAITING_ON_PARENTS',
  'INITIALIZING',
  'PROCESSING',
  'SHUTTING_DOWN',
];

/** One line an instance, and more where there is more to say of it. */
export function instanceTable({ connectors, time }: ProcessStatus): string {
  const rows = connectors.flatMap(({ kind, tenant, namespace, name, instances }) =>
    instances.flatMap(({ instanceId, status }) => {
      const [first = '', ...more] = remarksOn(status);
      const flow = flowOf(status);
      const lag = kind === 'source' ? lagInWords(largestLag(status)) : NONE;
      const last =
        status.lastReceivedTime === 0 ? NONE : `${spanInWords(time - status.lastReceivedTime)} ago`;
      const facts = [String(status.numRestarts), String(flow.in), String(flow.out), lag, last];
      return [
        [kind, `${tenant}/${namespace}/${name}`, String(instanceId), status.state, ...facts, first],
        ...more.map((remark) => ['', '', '', '', ...facts.map(() => ''), remark]),
      ];
    }),
  );
  const heads = ['kind', 'name', 'instance', 'state', 'restarts', 'in', 'out', 'lag', 'last record', ''];
  return printableTable([heads, ...rows]);
}

/**
 * One line for each unfinished shard, the one that is farthest behind first.
 * @param wide also the whole of a checkpoint, which fills half of a terminal
 */
export function shardTable({ connectors, time }: ProcessStatus, wide: boolean): string {
  const rows = connectors.flatMap(({ tenant, namespace, name, instances }) =>
    [...distinctShards(instances.map(({ status }) => status)).values()]
      .filter(({ state }) => state !== 'FINISHED')
      .sort((a, b) => (lagOf(b) ?? -1) - (lagOf(a) ?? -1))
      .map((shard) => [
        `${tenant}/${namespace}/${name}`,
        shard.stream,
        shardInWords(shard.shardId),
        shard.heldBack === true ? `${shard.state}, held back by Pulsar` : shard.state,
        lagInWords(lagOf(shard)),
        wide ? shard.checkpoint : ending(shard.checkpoint),
        shard.checkpointedAt === undefined ? NONE : `${spanInWords(time - shard.checkpointedAt)} ago`,
        shard.owner ?? NONE,
        shard.lastError === undefined ? '' : `${shard.lastError.code}: ${shard.lastError.message}`,
      ]),
  );
  const heads = ['source', 'stream', 'shard', 'state', 'lag', 'checkpoint', 'stored', 'owner', 'last error'];
  return printableTable([heads, ...rows]);
}

/** Names and errors come from elsewhere: they must neither command the terminal nor break a row. */
function printableTable(rows: readonly (readonly string[])[]): string {
  return textTable(rows.map((row) => row.map(printable)));
}

type InstanceData = SourceInstanceStatusData | SinkInstanceStatusData;

/** Each shard once: where instances tell of the same, as the one tells that reads it. */
function distinctShards(instances: readonly InstanceData[]): Map<string, ShardStatus> {
  const found = new Map<string, ShardStatus>();
  for (const shard of instances.flatMap((data) => ('shards' in data ? data.shards : []))) {
    const key = `${shard.stream} ${shard.shardId}`;
    if (!found.has(key) || READ_HERE.includes(shard.state)) {
      found.set(key, shard);
    }
  }
  return found;
}

/** What tells two of a shard apart. */
function ending(checkpoint: string): string {
  return checkpoint.length > 20 ? `…${checkpoint.slice(-9)}` : checkpoint;
}

/** How late a shard is, in reading or in delivery, milliseconds; undefined while nobody knows. */
function lagOf({ millisBehindLatest, unconfirmedAge = 0 }: ShardStatus): number | undefined {
  return millisBehindLatest === undefined ? undefined : Math.max(millisBehindLatest, unconfirmedAge);
}

function largestLag(data: InstanceData): number | undefined {
  const lags = ('shards' in data ? data.shards : []).flatMap((shard) =>
    READ_HERE.includes(shard.state) ? (lagOf(shard) ?? []) : [],
  );
  return lags.length === 0 ? undefined : lags.reduce((most, lag) => Math.max(most, lag));
}

function flowOf(data: InstanceData): { readonly in: number; readonly out: number } {
  return 'numWritten' in data
    ? { in: data.numReceivedFromSource, out: data.numWritten }
    : { in: data.numReadFromPulsar, out: data.numWrittenToSink };
}

function lagInWords(ms: number | undefined): string {
  return ms === undefined ? NONE : spanInWords(ms);
}

/** Why it is not running, when it will be, and which of its parts stand still. */
function remarksOn({ error, nextStart, stalled }: InstanceData): string[] {
  const next = nextStart === undefined ? '' : ` Next start: ${nextStart}`;
  return [
    ...(error === '' ? [] : [error + next]),
    ...stalled.map(({ part, code, reason }) => `stalled: ${part}, ${code}: ${reason}`),
  ];
}
