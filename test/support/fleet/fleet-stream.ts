import type { KinesisModel } from '../../../src/emulator/kinesis/model';
import type { Clock } from '../../../src/util/clock';
import { type Random, randomInt } from '../../../src/util/random';
import { FleetProducer, type HashRange, type SizedPuts } from './fleet-producer';
import { type History, shortName } from './history';
import type { RecordAudit, ShardRecords } from './record-audit';

/** Open shards beyond which none is split any more. */
const MOST_SHARDS = 6;

interface OpenShard extends HashRange {
  readonly shardId: string;
}

export interface FleetStreamParts {
  readonly name: string;
  /** Whether it is one of several, which share a lease table. */
  readonly several: boolean;
  readonly model: KinesisModel;
  readonly clock: Clock;
  readonly random: Random;
  readonly audit: RecordAudit;
  readonly history: History;
  readonly shards: number;
  /** Milliseconds that records are kept; all are when undefined. */
  readonly retention: number | undefined;
  readonly puts: SizedPuts;
}

/** A stream of a fleet: what is put into it, and how its shards change. Shards have the keys of their lease rows. */
export class FleetStream {
  readonly #parts: FleetStreamParts;
  readonly #producer: FleetProducer;
  readonly #arn: string;
  /** What the keys of its lease rows begin with. */
  readonly #prefix: string;
  readonly #parents = new Map<string, readonly string[]>();
  readonly #ranges = new Map<string, HashRange>();
  readonly #closed = new Set<string>();
  #open: OpenShard[] = [];

  constructor(parts: FleetStreamParts) {
    const { name, several, model, clock, random, audit, shards, puts } = parts;
    this.#parts = parts;
    model.call('CreateStream', { StreamName: name, ShardCount: shards });
    const { StreamDescriptionSummary } = model.call('DescribeStreamSummary', { StreamName: name });
    const { StreamARN, StreamCreationTimestamp } = StreamDescriptionSummary;
    this.#arn = StreamARN;
    this.#prefix = several ? `000000000000:${name}:${Math.floor(StreamCreationTimestamp)}:` : '';
    this.#producer = new FleetProducer({
      plan: puts,
      stream: name,
      model,
      clock,
      random,
      audit,
      shard: (shardId) => this.#seen(shardId),
      rangeOf: (shardId) => this.#ranges.get(shardId) ?? { start: 0n, end: -1n },
    });
  }

  get openShards(): readonly OpenShard[] {
    return this.#open;
  }

  /** The stream is there: trimming begins. */
  begin(): void {
    const { name, retention, model } = this.#parts;
    this.look();
    if (retention !== undefined) {
      model.retain(name, retention);
    }
  }

  /** Undefined: no shard of this stream. */
  parentsOf(key: string): readonly string[] | undefined {
    if (!key.startsWith(this.#prefix)) {
      return undefined;
    }
    if (!this.#parents.has(key)) {
      this.look();
    }
    return this.#parents.get(key);
  }

  childrenOf(key: string): string[] {
    return [...this.#parents].filter(([, parents]) => parents.includes(key)).map(([child]) => child);
  }

  isClosed(key: string): boolean {
    return this.#closed.has(key);
  }

  /** See FleetProducer.put. */
  put(): number {
    return this.#producer.put();
  }

  /** Takes the fan-out consumer away from those who read with it. */
  deregister(consumer: string): void {
    const { model, history, name } = this.#parts;
    const { Consumers } = model.call('ListStreamConsumers', { StreamARN: this.#arn });
    if (Consumers.some(({ ConsumerName }) => ConsumerName === consumer)) {
      history.note(`the consumer of ${name} is deregistered`);
      model.call('DeregisterStreamConsumer', { StreamARN: this.#arn, ConsumerName: consumer });
    }
  }

  /** Splits a shard, merges two neighbours (more likely where there are many), or sets their number. */
  reshard(): void {
    const { name, random, history, model } = this.#parts;
    this.look();
    const open = this.#open;
    const place = randomInt(random, open.length);
    const [shard, next] = open.slice(place);
    if (shard === undefined || this.#isChanging()) {
      return;
    }
    if (random.next() < 0.25) {
      const least = Math.ceil(open.length / 2);
      const target = least + randomInt(random, Math.min(2 * open.length, MOST_SHARDS) - least + 1);
      history.note(`${name} goes from ${open.length} to ${target} shards`);
      model.call('UpdateShardCount', {
        StreamName: name,
        TargetShardCount: target,
        ScalingType: 'UNIFORM_SCALING',
      });
    } else if (next !== undefined && random.next() < open.length / MOST_SHARDS) {
      history.note(`${shortName(shard.shardId)} and ${shortName(next.shardId)} of ${name} are merged`);
      model.call('MergeShards', {
        StreamName: name,
        ShardToMerge: shard.shardId,
        AdjacentShardToMerge: next.shardId,
      });
    } else if (open.length < MOST_SHARDS) {
      this.split(shard);
    }
    this.look();
  }

  split(shard = this.#open[0]): void {
    const { name, history, model } = this.#parts;
    if (shard !== undefined) {
      history.note(`${shortName(shard.shardId)} of ${name} is split`);
      model.call('SplitShard', {
        StreamName: name,
        ShardToSplit: shard.shardId,
        NewStartingHashKey: ((shard.start + shard.end) / 2n + 1n).toString(),
      });
    }
  }

  /** Finds the shards that have come and gone. */
  look(): void {
    const { Shards } = this.#parts.model.call('ListShards', { StreamName: this.#parts.name });
    this.#open = [];
    for (const { ShardId, ParentShardId, AdjacentParentShardId, ...shard } of Shards) {
      const key = this.#keyOf(ShardId);
      const { StartingHashKey, EndingHashKey } = shard.HashKeyRange;
      const range = { start: BigInt(StartingHashKey), end: BigInt(EndingHashKey) };
      if (!this.#parents.has(key)) {
        const parents = [ParentShardId, AdjacentParentShardId].filter((id) => id !== undefined);
        this.#parents.set(
          key,
          parents.map((id) => this.#keyOf(id)),
        );
        this.#ranges.set(ShardId, range);
        this.#shard(key);
      }
      if (shard.SequenceNumberRange.EndingSequenceNumber === undefined) {
        this.#open.push({ shardId: ShardId, ...range });
      } else {
        this.#closed.add(key);
      }
    }
    this.#open.sort((a, b) => (a.start < b.start ? -1 : 1));
  }

  #keyOf(shardId: string): string {
    return `${this.#prefix}${shardId}`;
  }

  #seen(shardId: string): ShardRecords {
    const key = this.#keyOf(shardId);
    if (!this.#parents.has(key)) {
      this.look();
    }
    return this.#shard(key);
  }

  #shard(key: string): ShardRecords {
    return this.#parts.audit.shard(key, () => this.parentsOf(key) ?? []);
  }

  #isChanging(): boolean {
    const { name, model } = this.#parts;
    const { StreamDescriptionSummary } = model.call('DescribeStreamSummary', { StreamName: name });
    return StreamDescriptionSummary.StreamStatus !== 'ACTIVE';
  }
}
