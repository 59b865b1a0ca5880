import { evenRanges, type HashKeyRange } from '../../stream/hash-key';
import { Allowance } from './allowance';
import { Consumers } from './consumers';
import { Shard } from './shard';

export type StreamStatus = 'CREATING' | 'DELETING' | 'ACTIVE' | 'UPDATING';

export interface StreamSettings {
  readonly name: string;
  readonly arn: string;
  readonly shardCount: number;
  readonly mode: 'PROVISIONED' | 'ON_DEMAND';
  /** Of data and partition key of one record, at first. */
  readonly maxRecordBytes: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** StreamCreationTimestamp, whole seconds since the epoch: no two streams of a name have the same. */
  readonly creationSeconds: number;
  /** First epoch its shards may use, seconds; see Shard.epoch. */
  readonly epoch: number;
}

interface Transition {
  readonly status: StreamStatus;
  /** Milliseconds since the epoch. */
  readonly begunAt: number;
  readonly ms: number;
  /** Evenly over its time, the last one at its end. */
  readonly steps: readonly (() => void)[];
  done: number;
}

function nextStepAt({ begunAt, ms, steps, done }: Transition): number {
  return steps.length === 0 ? begunAt : begunAt + (ms * (done + 1)) / steps.length;
}

/** Source: Kinesis API, CreateStream. */
const DEFAULT_RETENTION_MS = 24 * 3_600_000;

/** One stream. What takes time ends lazily: every access first calls `settle` with the present time. */
export class Stream {
  /** Of data and partition key of one record. */
  maxRecordBytes: number;
  /** When UpdateShardCount was called of late, milliseconds since the epoch. */
  scalings: readonly number[] = [];
  readonly consumers: Consumers;
  readonly listings = new Allowance();
  readonly consumerDescriptions = new Allowance();
  /** Within retention, oldest first. */
  readonly #shards = new Map<string, Shard>();
  #retentionMs = DEFAULT_RETENTION_MS;
  /** What a longer retention does not bring back, milliseconds since the epoch. */
  #expiredBefore: number;
  #openByRange: Shard[] = [];
  #transition: Transition | undefined;
  #nextShardNumber = 0;
  /** When the first of the closed shards was closed. */
  #firstClosing = Number.POSITIVE_INFINITY;
  #epoch: number;

  constructor(readonly settings: StreamSettings) {
    this.maxRecordBytes = settings.maxRecordBytes;
    this.#epoch = settings.epoch - 1;
    this.#expiredBefore = settings.createdAt;
    this.consumers = new Consumers(settings.arn, settings.creationSeconds);
  }

  get status(): StreamStatus {
    return this.#transition?.status ?? 'ACTIVE';
  }

  /** The newest epoch a shard of this stream has used, seconds. */
  get epoch(): number {
    return this.#epoch;
  }

  get shards(): readonly Shard[] {
    return [...this.#shards.values()];
  }

  get openShardCount(): number {
    return this.#openByRange.length;
  }

  get openShards(): readonly Shard[] {
    return this.#openByRange;
  }

  get retentionMs(): number {
    return this.#retentionMs;
  }

  /** The oldest instant whose records are kept, milliseconds since the epoch; never before the stream itself. */
  horizon(now: number): number {
    return Math.max(this.#expiredBefore, now - this.#retentionMs);
  }

  /** Keeps records for `ms` from now on. What is past retention already stays gone. */
  retain(ms: number, now: number): void {
    this.#expiredBefore = this.horizon(now);
    this.#retentionMs = ms;
  }

  /** When the change under way gets on next, milliseconds since the epoch; infinite when there is none. */
  get nextChangeAt(): number {
    return this.#transition === undefined ? Number.POSITIVE_INFINITY : nextStepAt(this.#transition);
  }

  /** Enters `status` for `ms` and takes `steps` meanwhile; at once when `ms` is 0. Replaces a transition under way. */
  begin(status: StreamStatus, now: number, ms: number, ...steps: (() => void)[]): void {
    this.#transition = { status, begunAt: now, ms, steps, done: 0 };
    this.settle(now);
    for (const shard of this.#shards.values()) {
      shard.tell();
    }
  }

  /** Takes the steps that are due, and forgets the closed shards of which every record is past retention. */
  settle(now: number): void {
    for (let due = this.#transition; due !== undefined; due = this.#transition) {
      if (now < nextStepAt(due)) {
        break;
      }
      const step = due.steps[due.done++];
      if (due.done >= due.steps.length) {
        this.#transition = undefined;
      }
      step?.();
    }
    if (this.#firstClosing < this.horizon(now)) {
      this.#forgetExpired(now);
    }
  }

  /** The shard of that id, without the records that are past retention. */
  shard(shardId: string, now: number): Shard | undefined {
    const shard = this.#shards.get(shardId);
    if (shard !== undefined) {
      this.trim(shard, now);
    }
    return shard;
  }

  trim(shard: Shard, now: number): void {
    shard.records.trim(this.horizon(now) / 1000);
  }

  /** The open shard that takes `hashKey`. */
  route(hashKey: bigint): Shard {
    return this.#openByRange[this.#placeOf(hashKey)] as Shard;
  }

  openFirstShards(): void {
    this.#openByRange = this.#open(evenRanges(this.settings.shardCount), this.settings.createdAt, []);
  }

  /** Closes the neighbours `parents` and opens one child for each of `ranges`, which together cover what they covered. */
  reshard(parents: readonly Shard[], ranges: readonly HashKeyRange[], now: number): void {
    const at = Math.max(now, ...parents.map((parent) => parent.openedAt + 1));
    const children = this.#open(ranges, at, parents);
    for (const parent of parents) {
      parent.close(at, children);
    }
    const place = this.#placeOf((ranges[0] as HashKeyRange).start);
    this.#openByRange.splice(place, parents.length, ...children);
    this.#firstClosing = Math.min(this.#firstClosing, at);
  }

  /** Opens shards for `ranges`, which are in order. */
  #open(ranges: readonly HashKeyRange[], at: number, parents: readonly Shard[]): Shard[] {
    const epoch = Math.max(
      this.settings.epoch,
      Math.floor(at / 1000),
      ...parents.map((parent) => parent.epoch + 1),
    );
    this.#epoch = Math.max(this.#epoch, epoch);
    const parentIds = parents.map((parent) => parent.id);
    const opened = ranges.map((range) => new Shard(this.#nextShardNumber++, epoch, range, at, parentIds));
    for (const shard of opened) {
      this.#shards.set(shard.id, shard);
    }
    return opened;
  }

  /** Place of the open shard that takes `hashKey`. */
  #placeOf(hashKey: bigint): number {
    const open = this.#openByRange;
    let low = 0;
    let high = open.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((open[middle] as Shard).range.start <= hashKey) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  #forgetExpired(now: number): void {
    const horizon = this.horizon(now);
    this.#firstClosing = Number.POSITIVE_INFINITY;
    for (const { id, closedAt = Number.POSITIVE_INFINITY } of this.#shards.values()) {
      if (closedAt < horizon) {
        this.#shards.delete(id);
      } else {
        this.#firstClosing = Math.min(this.#firstClosing, closedAt);
      }
    }
  }
}
