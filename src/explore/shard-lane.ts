import type { RetrievalBatch, ShardReader } from '../retrieval/retrieval';
import type { ExtendedSequenceNumber } from '../stream/extended-sequence-number';
import type { FixedPosition } from '../stream/iterator-position';
import type { ChildShard } from '../stream/shard';
import type { Entry, Lane } from './arrival-merge';
import type { ShardPlace } from './peek-position';
import { userRecords } from './user-records';

export interface ShardLaneOptions {
  readonly shardId: string;
  readonly place: ShardPlace;
  /** Milliseconds since the epoch; nothing that is read here has arrived earlier, or unknown. */
  readonly floor: number;
  /** Whether the lane goes on at the tip, for what is still to come, or for the end of a closed shard. */
  readonly waits: boolean;
  readonly open: (start: FixedPosition) => ShardReader;
}

/** What is known beside a batch. */
export interface BatchTimes {
  /** Monotonic instant at which it was there. */
  readonly at: number;
  /** Milliseconds since the epoch, of the service, at which it was made. */
  readonly serviceTime: number;
}

/** One shard of a look: what was read of it and not yet shown, and where reading goes on. */
export class ShardLane implements Lane {
  readonly shardId: string;
  readonly #options: ShardLaneOptions;
  #reader: ShardReader;
  /** The user record that comes first in what is read next. */
  #from: ExtendedSequenceNumber | undefined;
  #entries: Entry[] = [];
  #floor: number;
  #reached: number;
  #hungrySince = Number.POSITIVE_INFINITY;
  #end: { readonly children: readonly ChildShard[] } | undefined;

  constructor(options: ShardLaneOptions) {
    this.#options = options;
    this.shardId = options.shardId;
    this.#floor = options.floor;
    this.#reached = options.floor;
    this.#from = options.place.from;
    this.#reader = options.open(options.place.start);
  }

  get reader(): ShardReader {
    return this.#reader;
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  get floor(): number {
    return this.#floor;
  }

  /** Arrival of the last record that was read, or the floor of the beginning: where the children of the shard go on. */
  get reached(): number {
    return this.#reached;
  }

  get hungrySince(): number {
    return this.#hungrySince;
  }

  /** Whether nothing more comes behind what is held. */
  get ended(): boolean {
    return this.#end !== undefined;
  }

  /** Of a shard that was read to its end. */
  get children(): readonly ChildShard[] {
    return this.#end?.children ?? [];
  }

  /** @param most user records that are kept; the others are read again when they are wanted */
  take(batch: RetrievalBatch, { at, serviceTime }: BatchTimes, most: number): void {
    const { records, rest } = userRecords(this.shardId, batch.records, this.#from, most);
    if (batch.records.length > 0) {
      this.#from = undefined;
    }
    for (const record of records) {
      // Within a shard the order is that of the sequence numbers, whatever the times say.
      this.#floor = Math.max(this.#floor, record.approximateArrival);
      this.#reached = this.#floor;
      this.#entries.push({ record, arrival: this.#floor });
    }
    const behind = batch.millisBehindLatest;
    const isTip = behind === undefined ? batch.records.length === 0 : behind === 0;
    if (records.length > 0 || isTip || this.#hungrySince === Number.POSITIVE_INFINITY) {
      this.#hungrySince = at;
    }
    if (rest !== undefined) {
      this.#goBackTo(rest);
      return;
    }
    if (batch.records.length === 0 && behind !== undefined) {
      this.#floor = Math.max(this.#floor, serviceTime - behind);
    }
    if (batch.end !== undefined) {
      this.#end = { children: batch.end.childShards };
    } else if (isTip && !this.#options.waits) {
      this.#end = { children: [] };
    }
  }

  shift(now: number): Entry | undefined {
    this.#hungrySince = now;
    return this.#entries.shift();
  }

  /** Forgets what is held behind the first `count` entries; it is read again when it is wanted. */
  keep(count: number): void {
    const [first] = this.#entries.splice(count);
    if (first !== undefined) {
      this.#floor = first.arrival;
      this.#reached = first.arrival;
      this.#goBackTo(first.record);
    }
  }

  close(): void {
    this.#reader.close();
  }

  #goBackTo({ sequenceNumber, subSequenceNumber }: ExtendedSequenceNumber): void {
    this.#reader.close();
    this.#reader = this.#options.open({ type: 'AT_SEQUENCE_NUMBER', sequenceNumber });
    this.#from = { sequenceNumber, subSequenceNumber };
    this.#end = undefined;
  }
}
