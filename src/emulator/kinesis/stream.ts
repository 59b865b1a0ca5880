import { evenRanges, type HashKeyRange } from '../../stream/hash-key';
import { Shard } from './shard';

export type StreamStatus = 'CREATING' | 'DELETING' | 'ACTIVE' | 'UPDATING';

export interface StreamSettings {
  readonly name: string;
  readonly arn: string;
  readonly shardCount: number;
  readonly mode: 'PROVISIONED' | 'ON_DEMAND';
  readonly retentionHours: number;
  /** Of data and partition key of one record, at first. */
  readonly maxRecordBytes: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** First epoch its shards may use, seconds; see Shard.epoch. */
  readonly epoch: number;
}

interface Transition {
  readonly status: StreamStatus;
  /** Milliseconds since the epoch at which it is over. */
  readonly endsAt: number;
  readonly finish: () => void;
}

/** One stream. What takes time ends lazily: every access first calls `settle` with the present time. */
export class Stream {
  /** Of data and partition key of one record. */
  maxRecordBytes: number;
  /** Within retention, oldest first. */
  readonly #shards = new Map<string, Shard>();
  readonly #retention: number;
  #openByRange: Shard[] = [];
  #transition: Transition | undefined;
  #nextShardNumber = 0;
  #nextExpiry = Number.POSITIVE_INFINITY;
  #epoch: number;

  constructor(readonly settings: StreamSettings) {
    this.maxRecordBytes = settings.maxRecordBytes;
    this.#epoch = settings.epoch - 1;
    this.#retention = settings.retentionHours * 3_600_000;
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

  /** The oldest instant whose records are kept, milliseconds since the epoch; never before the stream itself. */
  horizon(now: number): number {
    return Math.max(this.settings.createdAt, now - this.#retention);
  }

  /** Enters `status` for `ms`, then does `finish`; at once when `ms` is 0. Replaces a transition under way. */
  begin(status: StreamStatus, now: number, ms: number, finish: () => void): void {
    this.#transition = { status, endsAt: now + ms, finish };
    this.settle(now);
  }

  /** Ends the transition that is due, and forgets closed shards whose last record is past retention. */
  settle(now: number): void {
    const due = this.#transition;
    if (due !== undefined && now >= due.endsAt) {
      this.#transition = undefined;
      due.finish();
    }
    if (now > this.#nextExpiry) {
      this.#forgetExpired(now);
    }
  }

  /** The shard of that id, without the records that are past retention. */
  shard(shardId: string, now: number): Shard | undefined {
    const shard = this.#shards.get(shardId);
    shard?.records.trim((now - this.#retention) / 1000);
    return shard;
  }

  /** The open shard that takes `hashKey`. */
  route(hashKey: bigint): Shard {
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
    return open[low] as Shard;
  }

  openFirstShards(): void {
    this.#open(evenRanges(this.settings.shardCount), this.settings.createdAt, []);
  }

  /** Closes `parents` and opens one child for each of `ranges`, which together cover what the parents covered. */
  reshard(parents: readonly Shard[], ranges: readonly HashKeyRange[], now: number): void {
    const at = Math.max(now, ...parents.map((parent) => parent.openedAt + 1));
    const children = this.#open(ranges, at, parents);
    for (const parent of parents) {
      parent.close(at, children);
    }
    this.#openByRange = this.#openByRange.filter((shard) => shard.open);
    this.#nextExpiry = Math.min(this.#nextExpiry, at + this.#retention);
  }

  #open(ranges: readonly HashKeyRange[], at: number, parents: readonly Shard[]): Shard[] {
    this.#epoch = Math.max(this.#epoch + 1, Math.floor(at / 1000));
    const parentIds = parents.map((parent) => parent.id);
    const opened = ranges.map(
      (range) => new Shard(this.#nextShardNumber++, this.#epoch, range, at, parentIds),
    );
    for (const shard of opened) {
      this.#shards.set(shard.id, shard);
    }
    this.#openByRange = [...this.#openByRange, ...opened].sort((a, b) =>
      a.range.start < b.range.start ? -1 : 1,
    );
    return opened;
  }

  #forgetExpired(now: number): void {
    this.#nextExpiry = Number.POSITIVE_INFINITY;
    for (const shard of this.#shards.values()) {
      const expiry = (shard.closedAt ?? Number.POSITIVE_INFINITY) + this.#retention;
      if (expiry < now) {
        this.#shards.delete(shard.id);
      } else {
        this.#nextExpiry = Math.min(this.#nextExpiry, expiry);
      }
    }
  }
}
