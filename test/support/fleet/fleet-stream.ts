import type { KinesisModel } from '../../../src/emulator/kinesis/model';
import { type Random, randomInt } from '../../../src/util/random';
import type { ManualClock } from '../manual-clock';
import { type ModelKinesis, modelKinesis } from '../model-kinesis';
import { type History, shortName } from './history';
import type { RecordAudit } from './record-audit';

/** Open shards beyond which none is split any more. */
const MOST_SHARDS = 6;
const KEYS = 24;
const MAX_PADDING = 40;

interface OpenShard {
  readonly shardId: string;
  readonly start: bigint;
  readonly end: bigint;
}

export interface FleetStreamParts {
  readonly name: string;
  readonly clock: ManualClock;
  readonly random: Random;
  readonly audit: RecordAudit;
  readonly history: History;
  readonly shards: number;
  /** Milliseconds that a change of the shards takes. */
  readonly settleMs: number;
  /** Milliseconds that records are kept; all are when undefined. */
  readonly retention: number | undefined;
}

/** The stream of a fleet: what is put into it, and how its shards change. */
export class FleetStream {
  readonly kinesis: ModelKinesis;
  readonly #parts: FleetStreamParts;
  readonly #parents = new Map<string, readonly string[]>();
  readonly #closed = new Set<string>();
  #open: OpenShard[] = [];

  constructor(parts: FleetStreamParts) {
    this.#parts = parts;
    const { name, clock, audit, retention, shards, settleMs } = parts;
    this.kinesis = modelKinesis(clock, { settleMs });
    this.#model.call('CreateStream', { StreamName: name, ShardCount: shards });
    if (retention !== undefined) {
      audit.horizon = () => clock.now() - retention;
    }
  }

  get openShards(): readonly OpenShard[] {
    return this.#open;
  }

  /** The stream is there: trimming begins. */
  begin(): void {
    const { name, retention } = this.#parts;
    this.look();
    if (retention !== undefined) {
      this.#model.retain(name, retention);
    }
  }

  parentsOf(shardId: string): readonly string[] {
    if (!this.#parents.has(shardId)) {
      this.look();
    }
    return this.#parents.get(shardId) ?? [];
  }

  childrenOf(shardId: string): string[] {
    return [...this.#parents].filter(([, parents]) => parents.includes(shardId)).map(([child]) => child);
  }

  isClosed(shardId: string): boolean {
    return this.#closed.has(shardId);
  }

  put(count: number): void {
    const { name, clock, random, audit } = this.#parts;
    for (let i = 0; i < count; i++) {
      const text = `${audit.count}`.padEnd(1 + randomInt(random, MAX_PADDING));
      const { ShardId, SequenceNumber } = this.#model.call('PutRecord', {
        StreamName: name,
        PartitionKey: `key-${randomInt(random, KEYS)}`,
        Data: Buffer.from(text).toString('base64'),
      });
      if (!audit.shards.has(ShardId)) {
        this.look();
      }
      audit.put(this.#shard(ShardId), SequenceNumber, clock.now());
    }
  }

  /** Splits a shard, merges two neighbours (more likely where there are many), or sets their number. */
  reshard(): void {
    const { name, random, history } = this.#parts;
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
      history.note(`the stream goes from ${open.length} to ${target} shards`);
      this.#model.call('UpdateShardCount', {
        StreamName: name,
        TargetShardCount: target,
        ScalingType: 'UNIFORM_SCALING',
      });
    } else if (next !== undefined && random.next() < open.length / MOST_SHARDS) {
      history.note(`${shortName(shard.shardId)} and ${shortName(next.shardId)} are merged`);
      this.#model.call('MergeShards', {
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
    if (shard !== undefined) {
      this.#parts.history.note(`${shortName(shard.shardId)} is split`);
      this.#model.call('SplitShard', {
        StreamName: this.#parts.name,
        ShardToSplit: shard.shardId,
        NewStartingHashKey: ((shard.start + shard.end) / 2n + 1n).toString(),
      });
    }
  }

  /** Finds the shards that have come and gone. */
  look(): void {
    const { Shards } = this.#model.call('ListShards', { StreamName: this.#parts.name });
    this.#open = [];
    for (const { ShardId, ParentShardId, AdjacentParentShardId, ...shard } of Shards) {
      if (!this.#parents.has(ShardId)) {
        this.#parents.set(
          ShardId,
          [ParentShardId, AdjacentParentShardId].filter((id) => id !== undefined),
        );
        this.#shard(ShardId);
      }
      if (shard.SequenceNumberRange.EndingSequenceNumber === undefined) {
        const { StartingHashKey, EndingHashKey } = shard.HashKeyRange;
        this.#open.push({ shardId: ShardId, start: BigInt(StartingHashKey), end: BigInt(EndingHashKey) });
      } else {
        this.#closed.add(ShardId);
      }
    }
    this.#open.sort((a, b) => (a.start < b.start ? -1 : 1));
  }

  get #model(): KinesisModel {
    return this.kinesis.model;
  }

  #shard(shardId: string) {
    return this.#parts.audit.shard(shardId, () => this.parentsOf(shardId));
  }

  #isChanging(): boolean {
    const { name } = this.#parts;
    const { StreamDescriptionSummary } = this.#model.call('DescribeStreamSummary', { StreamName: name });
    return StreamDescriptionSummary.StreamStatus !== 'ACTIVE';
  }
}
