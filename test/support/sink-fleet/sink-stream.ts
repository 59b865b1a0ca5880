import { createHash } from 'node:crypto';
import type { PutEntry } from '../../../src/aws/kinesis-api';
import { type Random, randomInt } from '../../../src/util/random';
import type { ManualClock } from '../manual-clock';
import { modelKinesis } from '../model-kinesis';
import { userRecords } from '../user-records';

/** Of one stream in 24 hours. Source: Kinesis API, UpdateShardCount. */
const MOST_SCALINGS = 10;

interface KnownShard {
  readonly shardId: string;
  readonly start: bigint;
  readonly end: bigint;
}

/** The modelled Kinesis with one stream, and where its records land. */
export class SinkStream {
  readonly kinesis: ReturnType<typeof modelKinesis>;
  readonly #name: string;
  #scalings = 0;
  readonly #hashes = new Map<string, bigint>();
  #open: readonly KnownShard[] = [];
  /** All there ever were. */
  readonly #shards = new Map<string, KnownShard>();

  constructor(name: string, shards: number, clock: ManualClock) {
    this.#name = name;
    this.kinesis = modelKinesis(clock);
    this.kinesis.model.call('CreateStream', { StreamName: name, ShardCount: shards });
    this.#look();
  }

  get openShards(): number {
    return this.#open.length;
  }

  /** The shard that an entry lands on now. */
  shardOf(entry: PutEntry): string {
    const key = this.#hashKeyOf(entry);
    return this.#open.find(({ start, end }) => start <= key && key <= end)?.shardId ?? 'none';
  }

  /** Whether the KCL gives its users what `entry` holds: only if all of it lies in the range of the shard. */
  delivers(entry: PutEntry, shardId: string): boolean {
    const shard = this.#shards.get(shardId);
    const keys = userRecords(entry).map((record) => this.#hashKeyOf(record));
    return shard !== undefined && keys.every((key) => shard.start <= key && key <= shard.end);
  }

  /** Sets the number of shards, splits one, or merges two, more likely where there are many. @returns what was done */
  reshard(random: Random, most: number): string {
    const count = this.#open.length;
    if (random.next() < 0.25 && this.#scalings++ < MOST_SCALINGS) {
      const least = Math.ceil(count / 2);
      const target = least + randomInt(random, Math.min(2 * count, most) - least + 1);
      this.kinesis.model.call('UpdateShardCount', {
        StreamName: this.#name,
        TargetShardCount: target,
        ScalingType: 'UNIFORM_SCALING',
      });
      this.#look();
      return `the stream goes from ${count} to ${target} shards`;
    }
    const place = randomInt(random, this.#open.length);
    const [shard, next] = this.#open.slice(place);
    if (shard === undefined) {
      throw new Error('no shard is open');
    }
    if (next !== undefined && random.next() < this.#open.length / most) {
      this.kinesis.model.call('MergeShards', {
        StreamName: this.#name,
        ShardToMerge: shard.shardId,
        AdjacentShardToMerge: next.shardId,
      });
      this.#look();
      return `merged ${shard.shardId} and ${next.shardId}`;
    }
    this.kinesis.model.call('SplitShard', {
      StreamName: this.#name,
      ShardToSplit: shard.shardId,
      NewStartingHashKey: ((shard.start + shard.end) / 2n + 1n).toString(),
    });
    this.#look();
    return `split ${shard.shardId}`;
  }

  /** What every shard takes from now on: a random number of records a second. */
  limit(random: Random): void {
    const recordsPerSecond = 5 + randomInt(random, 100);
    this.kinesis.model.limitWrites({ recordsPerSecond, bytesPerSecond: recordsPerSecond * 1000 });
  }

  unlimited(): void {
    this.kinesis.model.limitWrites(undefined);
  }

  #hashKeyOf({ partitionKey, explicitHashKey }: PutEntry): bigint {
    if (explicitHashKey !== undefined) {
      return BigInt(explicitHashKey);
    }
    let hash = this.#hashes.get(partitionKey);
    if (hash === undefined) {
      hash = BigInt(`0x${createHash('md5').update(partitionKey).digest('hex')}`);
      this.#hashes.set(partitionKey, hash);
    }
    return hash;
  }

  #look(): void {
    this.#open = this.kinesis.model
      .call('ListShards', { StreamName: this.#name })
      .Shards.filter(({ SequenceNumberRange }) => SequenceNumberRange.EndingSequenceNumber === undefined)
      .map(({ ShardId, HashKeyRange }) => ({
        shardId: ShardId,
        start: BigInt(HashKeyRange.StartingHashKey),
        end: BigInt(HashKeyRange.EndingHashKey),
      }))
      .sort((a, b) => (a.start < b.start ? -1 : 1));
    for (const shard of this.#open) {
      this.#shards.set(shard.shardId, shard);
    }
  }
}
