import { throwIfAborted } from '../../util/abort';
import { Alarm } from '../../util/alarm';
import type { ServiceError } from '../service-model';
import type { Account } from './account';
import type { Position } from './iterator';
import { recordSize, type StoredRecord } from './record-log';
import type { Holder, Seat } from './seat';
import type { Shard } from './shard';
import { MAX_RECORDS, readShard, type WireChildShard } from './shard-reading';
import type { Stream } from './stream';

/** SubscribeToShardEvent of the API. */
export interface WireShardEvent {
  readonly Records: readonly StoredRecord[];
  /** Absent in the last event of a shard. */
  readonly ContinuationSequenceNumber?: string;
  readonly MillisBehindLatest: number;
  /** Present only in the last event of a shard. */
  readonly ChildShards?: readonly WireChildShard[];
}

export interface SubscriptionTarget {
  readonly account: Account;
  readonly stream: Stream;
  readonly shard: Shard;
  readonly seat: Seat;
  readonly position: Position;
  /** What it fails with when another one takes its place. */
  readonly takenOver: ServiceError;
}

type State =
  | { readonly kind: 'open' }
  | { readonly kind: 'failed'; readonly error: ServiceError }
  | { readonly kind: 'over' };

/**
 * What one SubscribeToShard pushes. Events are made when they are asked for: what nobody asks for stays in the shard.
 * Its life and its empty events go by the clock of the model; a clock that is moved is noticed with the next event
 * or record.
 */
export class Subscription implements Holder {
  readonly #target: SubscriptionTarget;
  readonly #openedAt: number;
  readonly #alarm = new Alarm();
  readonly #watcher = (): void => this.#alarm.ring();
  #position: Position;
  #lastEventAt: number;
  #state: State = { kind: 'open' };

  constructor(target: SubscriptionTarget) {
    this.#target = target;
    this.#position = target.position;
    this.#openedAt = target.account.now();
    this.#lastEventAt = this.#openedAt;
    target.shard.watchers.add(this.#watcher);
  }

  /**
   * Waits for the next event; undefined when the subscription has ended. One call at a time.
   * @throws ServiceError, once, when it ended with one; the signal's reason.
   */
  async next(signal: AbortSignal): Promise<WireShardEvent | undefined> {
    for (;;) {
      throwIfAborted(signal);
      const now = this.#target.account.now();
      if (this.#state.kind === 'open' && this.#isPastLife(now)) {
        this.#end({ kind: 'over' });
      }
      const state = this.#state;
      if (state.kind === 'failed') {
        this.#end({ kind: 'over' });
        throw state.error;
      }
      if (state.kind === 'over') {
        return undefined;
      }
      const event = this.#event(now);
      if (typeof event !== 'number') {
        this.#lastEventAt = now;
        return event;
      }
      await this.#alarm.wait(this.#target.account.settings.timer, event, signal);
    }
  }

  /** The client is gone. Idempotent. */
  close(): void {
    this.#end({ kind: 'over' });
  }

  fail(error: ServiceError): void {
    if (this.#state.kind === 'open') {
      this.#end({ kind: 'failed', error });
    }
  }

  takeOver(): void {
    const { account, takenOver } = this.#target;
    if (account.settings.takenOver === 'fails') {
      this.fail(takenOver);
    } else {
      this.close();
    }
  }

  #isPastLife(now: number): boolean {
    return now >= this.#openedAt + this.#target.account.settings.subscriptionMs;
  }

  /** What is to be sent now, or the milliseconds until there may be something. */
  #event(now: number): WireShardEvent | number {
    const { account, stream, shard } = this.#target;
    stream.settle(now);
    stream.trim(shard, now);
    const { eventBytes, heartbeatMs, subscriptionMs } = account.settings;
    const { records, children, millisBehindLatest, next } = readShard(
      account,
      shard,
      this.#position,
      MAX_RECORDS,
      eventBytes,
    );
    const changeAt = Math.min(stream.nextChangeAt, this.#openedAt + subscriptionMs);
    const isDue = records.length > 0 || children !== undefined;
    if (!isDue && now < this.#lastEventAt + heartbeatMs) {
      return waitFrom(now, changeAt, this.#lastEventAt + heartbeatMs);
    }
    const paceMs = this.#paceMs(records, now);
    if (paceMs > 0) {
      return waitFrom(now, changeAt, now + paceMs);
    }
    this.#position = next;
    if (children !== undefined) {
      this.#end({ kind: 'over' });
    }
    const last = records.at(-1);
    return {
      Records: records,
      ...(children === undefined && {
        ContinuationSequenceNumber: last?.SequenceNumber ?? shard.progress(now),
      }),
      MillisBehindLatest: millisBehindLatest,
      ...(children !== undefined && { ChildShards: children }),
    };
  }

  /** Milliseconds until `records` may be sent; 0 = now, and then they are counted. */
  #paceMs(records: readonly StoredRecord[], now: number): number {
    const { account, seat } = this.#target;
    const limits = account.settings.readLimits;
    if (limits === undefined || records.length === 0) {
      return 0;
    }
    const perSecond = limits.subscriptionBytes;
    const left = seat.bytes.left(perSecond, now);
    if (left <= 0) {
      return Math.floor((-left * 1000) / perSecond) + 1;
    }
    seat.bytes.use(
      records.reduce((sum, record) => sum + recordSize(record), 0),
      perSecond,
    );
    return 0;
  }

  #end(state: State): void {
    this.#state = state;
    this.#target.shard.watchers.delete(this.#watcher);
    this.#alarm.ring();
  }
}

/** Until the first of `instants`, but not less than a millisecond: timers may be early by a part of one. */
function waitFrom(now: number, ...instants: number[]): number {
  return Math.max(1, Math.ceil(Math.min(...instants) - now));
}
