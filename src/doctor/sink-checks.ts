import type { KinesisSinkConfig } from '../config';
import { isOpen } from '../stream/shard-graph';
import { type Check, type Finding, ok } from './check';
import type { ExaminedStream } from './examined-stream';
import type { SinkSubject } from './subject';
import { count } from './words';

/** What one shard takes in a second. Source: Kinesis, Quotas and limits. */
const SHARD_RECORDS = 1000;
const SHARD_MIB = 1;

/** How much the sink may write to the shards that are open now. */
export function capacityCheck({ group, config }: SinkSubject, stream: ExaminedStream): Check {
  return {
    key: stream.key('capacity'),
    id: 'sink.capacity',
    group,
    title: 'capacity',
    needs: [stream.key('shards')],
    run: async () => judgeCapacity(stream.shards.filter(isOpen).length, config),
  };
}

export function judgeCapacity(
  shards: number,
  { rateLimit, retainOrdering }: Pick<KinesisSinkConfig, 'rateLimit' | 'retainOrdering'>,
): Finding {
  const share = (shards * rateLimit) / 100;
  const words = `up to ${Math.round(share * SHARD_RECORDS)} records/s and ${Math.round(share * SHARD_MIB * 10) / 10} MiB/s to ${count(shards, 'open shard')}`;
  return ok(retainOrdering ? `${words}; of one partition key one record at a time` : words);
}
