import type { Record } from '../io';
import type { EntryParts, SinkValue } from './entry';

/**
 * `waiting`: behind an entry of its key. `ready`: in the queue of its shard. `sent`: in a request that is not yet
 * answered, or about to be in one. `settled`: acked, failed, or left to the instance that ends.
 */
export type EntryState = 'waiting' | 'ready' | 'sent' | 'settled';

/** One record on its way into Kinesis. */
export class PendingEntry {
  readonly record: Record<SinkValue>;
  readonly parts: EntryParts;
  /** Bytes of data and partition key, as Kinesis counts them. */
  readonly size: number;
  /** Place in the order of arrival, from 1. */
  readonly arrival: number;
  /** Monotonic milliseconds. */
  readonly arrivedAt: number;
  state: EntryState = 'waiting';
  /** Never in a frame again: one that held it was found invalid. */
  alone = false;
  /** The shard it is expected to land on; set from `ready` on. */
  shardId: string | undefined = undefined;
  /** The next entry of the same partition key, while order is kept. */
  successor: PendingEntry | undefined = undefined;

  constructor(
    record: Record<SinkValue>,
    parts: EntryParts,
    size: number,
    arrival: number,
    arrivedAt: number,
  ) {
    this.record = record;
    this.parts = parts;
    this.size = size;
    this.arrival = arrival;
    this.arrivedAt = arrivedAt;
  }
}
