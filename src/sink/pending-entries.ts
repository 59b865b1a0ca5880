import type { ConnectorError } from '../errors';
import type { Record } from '../io';
import type { Shard } from '../stream/shard';
import { Batcher, type BatchLimits } from './batcher';
import type { EntryParts, SinkValue } from './entry';
import { Frame, type PutUnit } from './frame';
import { KeyOrder } from './key-order';
import { expired, type OnError } from './on-error';
import { PendingEntry } from './pending-entry';
import { PendingRoom } from './pending-room';
import { RecordTtl } from './record-ttl';
import type { ShardQueue } from './shard-queue';
import { ShardQueues } from './shard-queues';

export interface PendingEntriesOptions extends BatchLimits {
  readonly retainOrdering: boolean;
  readonly recordTtl?: number;
  readonly maxPendingRecords: number;
  readonly maxPendingBytes: number;
  /** Percent of a shard's limits. */
  readonly rateLimit: number;
  /** The open shards. */
  readonly shards: readonly Shard[];
  readonly onError: OnError;
}

/**
 * Every record the sink holds, from its arrival until it is settled, each once. Pure but for what settling a record
 * sets off; instants are monotonic milliseconds.
 */
export class PendingEntries {
  readonly batcher: Batcher;
  readonly room: PendingRoom;
  readonly #options: PendingEntriesOptions;
  readonly #queues: ShardQueues;
  readonly #ttl: RecordTtl;
  /** Only while order is kept. */
  readonly #keys: KeyOrder | undefined;
  #arrivals = 0;

  constructor(options: PendingEntriesOptions, now: number) {
    this.#options = options;
    this.batcher = new Batcher(options);
    this.room = new PendingRoom(options.maxPendingRecords, options.maxPendingBytes);
    this.#queues = new ShardQueues(options.shards, options.rateLimit, now);
    this.#ttl = new RecordTtl(options.recordTtl);
    this.#keys = options.retainOrdering ? new KeyOrder() : undefined;
  }

  /** @param size bytes of data and partition key. */
  add(record: Record<SinkValue>, parts: EntryParts, size: number, now: number): void {
    const entry = new PendingEntry(record, parts, size, ++this.#arrivals, now);
    this.room.take(size);
    this.#ttl.watch(entry);
    if (this.#keys === undefined || this.#keys.admit(entry)) {
      this.batcher.push(entry, this.#queues.of(parts));
    }
  }

  /** Nothing that is there waits for a batch to fill any more. */
  flush(): void {
    this.batcher.flush(this.#arrivals);
  }

  /** What was `sent` is stored where it belongs. */
  stored(unit: PutUnit, now: number): void {
    if (unit instanceof Frame) {
      for (const member of unit.members) {
        this.#stored(member, now);
      }
    } else {
      this.#stored(unit, now);
    }
  }

  /** What was `sent` was refused, or its answer never came, or it is not where it belongs. */
  again(unit: PutUnit, now: number): void {
    if (unit instanceof Frame) {
      for (const head of unit.dissolve()) {
        this.#again(head, now);
      }
    } else {
      this.#again(unit, now);
    }
  }

  /** A `sent` frame is invalid: its records go one by one. */
  part(frame: Frame, now: number): void {
    for (const member of frame.members) {
      member.alone = true;
    }
    this.again(frame, now);
  }

  /**
   * Whether what landed on that shard belongs there. A record by itself always does. Of a frame all must, by the range
   * of the shard: the KCL drops the whole of it otherwise. Of a shard that is not listed the range is not known.
   */
  belongs(unit: PutUnit, shardId: string): boolean {
    return (
      !(unit instanceof Frame) ||
      unit.shardId === shardId ||
      unit.members.every(({ parts }) => this.#queues.of(parts).shardId === shardId)
    );
  }

  #stored(entry: PendingEntry, now: number): void {
    this.#settle(entry);
    entry.record.ack();
    this.#advance(entry, now);
  }

  #again(entry: PendingEntry, now: number): void {
    if (this.#ttl.isOver(entry, now)) {
      this.giveUp(entry, this.#expired(), now);
    } else {
      this.batcher.putBack(entry, this.queueOf(entry));
    }
  }

  /** A `sent` entry can never be stored. */
  giveUp(entry: PendingEntry, error: ConnectorError, now: number): void {
    this.#settle(entry);
    if (this.#options.onError.handle(entry.record, error)) {
      this.#advance(entry, now);
    }
  }

  /** Gives up what has waited too long. */
  expire(now: number): void {
    for (let entry = this.#ttl.next(now); entry !== undefined; entry = this.#ttl.next(now)) {
      this.batcher.drop(entry, this.queueOf(entry));
      this.giveUp(entry, this.#expired(), now);
    }
  }

  /** When `expire` has something to do; infinite when it has not. */
  expiresAt(): number {
    return this.#ttl.nextAt();
  }

  /** The queue of what was sent or is ready, by the newest listing. */
  queueOf({ shardId, parts }: PutUnit): ShardQueue {
    const queue = shardId === undefined ? undefined : this.#queues.find(shardId);
    return queue ?? this.#queues.of(parts);
  }

  /** What waited for shards that are open no longer is spread anew, in the order it arrived. */
  reshard(shards: readonly Shard[], now: number): void {
    const moved = this.#queues
      .replace(shards, now)
      .flatMap((queue) => this.batcher.retire(queue))
      .sort((a, b) => a.arrival - b.arrival);
    for (const entry of moved) {
      this.batcher.push(entry, this.#queues.of(entry.parts));
    }
  }

  #settle(entry: PendingEntry): void {
    entry.state = 'settled';
    this.room.release(entry.size);
  }

  /** It is the turn of the next of the key, unless its time is over. */
  #advance(entry: PendingEntry, now: number): void {
    let next = this.#keys?.settled(entry);
    // One that is not waiting is in the same frame.
    while (next?.state === 'waiting' && this.#ttl.isOver(next, now)) {
      this.#settle(next);
      if (!this.#options.onError.handle(next.record, this.#expired())) {
        return;
      }
      next = this.#keys?.settled(next);
    }
    if (next?.state === 'waiting') {
      this.batcher.push(next, this.#queues.of(next.parts));
    }
  }

  #expired(): ConnectorError {
    return expired(this.#options.recordTtl ?? Number.POSITIVE_INFINITY);
  }
}
