import { isConnectorError } from '../errors';
import { isFinished, type Lease } from '../lease/lease';
import { streamIdOf } from '../lease/row-key';
import { throwIfAborted } from '../util/abort';
import type { Clock } from '../util/clock';
import { type Check, type Finding, ok, skipped, warning } from './check';
import type { ExaminedStream } from './examined-stream';
import type { ExaminedTable } from './examined-table';
import { count, duration } from './words';

/** Shards that are asked: each costs one of its five reads a second. */
const MOST_SHARDS = 20;
/** Part of the retention that a checkpoint may be behind. */
const HEALTHY = 0.5;

/** How far the checkpoints of a stream are behind, against what Kinesis keeps. */
export function lagCheck(
  stream: ExaminedStream,
  table: ExaminedTable,
  several: boolean,
  clock: Clock,
): Check {
  const { kinesis, ref } = stream;
  return {
    key: stream.key('lag'),
    id: 'stream.lag',
    group: stream.group,
    title: `lag of ${stream.label}`,
    needs: [stream.key('read'), table.key('rows')],
    run: async (signal) => {
      const { description } = stream;
      const id = several && description !== undefined ? streamIdOf(description) : undefined;
      const rows = table.rows.filter((row) => row.stream === id);
      const started = rows.filter((row) => !isFinished(row) && /^\d+$/.test(row.checkpoint.sequenceNumber));
      if (started.length === 0) {
        return skipped('nothing was stored yet');
      }
      const asked = started.slice(0, MOST_SHARDS);
      const lags = (await Promise.all(asked.map((row) => lagOf(row, signal)))).flatMap((lag) => lag ?? []);
      return lags.length === 0
        ? skipped('every shard is read by others at this moment, as fast as Kinesis lets them')
        : judgeLag(lags, started.length, (description?.retentionHours ?? 24) * 3_600_000);
    },
  };

  /** Undefined where a worker reads so fast that nobody else may. */
  async function lagOf({ shardId, checkpoint }: Lease, signal: AbortSignal): Promise<number | undefined> {
    const position = { type: 'AFTER_SEQUENCE_NUMBER', sequenceNumber: checkpoint.sequenceNumber } as const;
    try {
      const iterator = await kinesis.getShardIterator(ref, shardId, position, { signal });
      throwIfAborted(signal);
      const answer = await kinesis.getRecords(ref, { iterator, limit: 1 }, { signal });
      const { records, millisBehindLatest = 0, serviceTime = clock.now() } = answer;
      // What was read is not counted any more: the age of the first record that is not stored says it all.
      return Math.max(millisBehindLatest, serviceTime - (records[0]?.approximateArrival ?? serviceTime));
    } catch (error) {
      if (isConnectorError(error, 'AWS_THROTTLED')) {
        return undefined;
      }
      throw error;
    }
  }
}

/** @param lags milliseconds, of the shards asked @param started shards with a checkpoint */
export function judgeLag(lags: readonly number[], started: number, retention: number): Finding {
  const most = Math.max(...lags);
  const whose = `${lags.length < started ? `of ${lags.length} asked among ` : 'of '}${count(started, 'shard')}`;
  const words = `at most ${duration(most)} ${whose}; records are kept for ${duration(retention)}`;
  return most > retention * HEALTHY
    ? warning(
        words,
        'Read faster (more instances, fan-out), or raise the retention of the stream, before records are lost.',
      )
    : ok(words);
}
