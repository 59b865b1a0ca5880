import type { ExtendedSequenceNumber } from '../../../src/stream/extended-sequence-number';
import { type History, shortName } from './history';
import { streamOf } from './lease-row';

/** One user record as it was put: a Kinesis record, or a part of one. */
export interface PutRecord {
  readonly index: number;
  readonly shard: ShardRecords;
  /** Its place in the shard, from 0. */
  readonly place: number;
  /** Milliseconds since the epoch, service time. */
  readonly arrival: number;
  /** Its key is another shard's, and readers leave it out. */
  readonly dropped: boolean;
  /** The KPL frame it came in. */
  readonly frame: PutFrame | undefined;
  /** How often the topic has it. */
  copies: number;
}

/** Places that a Kinesis record has in its shard: those of its sub-records. */
export interface PutFrame {
  readonly first: number;
  readonly count: number;
}

/** One shard, and its records in their order. `shardId`: the key of its lease row. */
export interface ShardRecords {
  readonly shardId: string;
  readonly ancestors: readonly ShardRecords[];
  readonly records: PutRecord[];
  /** By sequence number. */
  readonly places: Map<string, PutFrame>;
  /** Place before which nothing is missing. */
  whole: number;
  /** What of it has come last, by partition of the topic. */
  readonly newest: Map<string, PutRecord>;
}

/** Which records were put and which of them the topic has: G1 and G2, told as soon as they are broken. */
export class RecordAudit {
  readonly shards = new Map<string, ShardRecords>();
  readonly #records: PutRecord[] = [];
  /** Records of a damaged frame, as they are delivered. */
  readonly #odd = new Map<string, PutRecord>();
  /** By digest. */
  readonly #frames = new Map<string, readonly PutRecord[]>();
  /** Where a stream was begun, by what its rows begin with. */
  readonly #begun = new Map<string, number>();
  /** Records that arrived earlier need not be read, milliseconds since the epoch; undefined: as the rows say. */
  startAt: number | undefined;
  /** What is older need not be there any more, milliseconds since the epoch. */
  horizon: () => number = () => 0;

  constructor(private readonly history: History) {}

  get count(): number {
    return this.#records.length;
  }

  /** @throws when nobody has put such a record */
  ofPayload(payload: Uint8Array): PutRecord {
    const text = Buffer.from(payload).toString('latin1');
    const record = this.#records[Number(text)] ?? this.#odd.get(text);
    if (record === undefined) {
      throw new Error('a payload that nobody has put');
    }
    return record;
  }

  /** The user records in what Kinesis returns. */
  ofRaw(data: Uint8Array): readonly PutRecord[] {
    return this.#frames.get(digestOf(data)) ?? [this.ofPayload(data)];
  }

  /** A row of the stream that `leaseKey` belongs to was created. */
  begun(leaseKey: string, startAt: number): void {
    const stream = streamOf(leaseKey);
    this.#begun.set(stream, this.#begun.get(stream) ?? startAt);
  }

  /** Instant at which the reading of a shard's stream starts; undefined while it is not known. */
  startOf({ shardId }: ShardRecords): number | undefined {
    return this.startAt ?? this.#begun.get(streamOf(shardId));
  }

  /** Key of a shard of the stream that people know by `label`. */
  keyOf(label: string, shardId: string): string {
    const isOf = (key: string): boolean => key.endsWith(`:${shardId}`) && key.includes(`:${label}:`);
    return [...this.shards.keys()].find(isOf) ?? shardId;
  }

  /** @param parentIds asked for when the shard is seen for the first time. */
  shard(shardId: string, parentIds: () => readonly string[]): ShardRecords {
    let shard = this.shards.get(shardId);
    if (shard === undefined) {
      const parents = parentIds().flatMap((id) => this.shards.get(id) ?? []);
      const ancestors = [...new Set(parents.flatMap((parent) => [parent, ...parent.ancestors]))];
      shard = { shardId, ancestors, records: [], places: new Map(), whole: 0, newest: new Map() };
      this.shards.set(shardId, shard);
    }
    return shard;
  }

  /** @param data when it does not name its record itself */
  put(shard: ShardRecords, sequenceNumber: string, arrival: number, data?: Buffer): void {
    shard.places.set(sequenceNumber, { first: shard.records.length, count: 1 });
    const record = this.#add(shard, arrival, undefined, false);
    if (data !== undefined) {
      this.#odd.set(data.toString('latin1'), record);
    }
  }

  /** @param dropped of each sub-record, whether readers leave it out */
  putFrame(
    shard: ShardRecords,
    sequenceNumber: string,
    arrival: number,
    { data, dropped }: { readonly data: Buffer; readonly dropped: readonly boolean[] },
  ): void {
    const frame = { first: shard.records.length, count: dropped.length };
    shard.places.set(sequenceNumber, frame);
    this.#frames.set(
      digestOf(data),
      dropped.map((isDropped) => this.#add(shard, arrival, frame, isDropped)),
    );
  }

  #add(shard: ShardRecords, arrival: number, frame: PutFrame | undefined, dropped: boolean): PutRecord {
    const { records } = shard;
    const { length: index } = this.#records;
    const record = { index, shard, place: records.length, arrival, frame, dropped, copies: 0 };
    records.push(record);
    this.#records.push(record);
    return record;
  }

  /**
   * The topic has got `record` for the first time.
   * @param partition of the topic, if it has several: there is no order between them.
   */
  arrived(record: PutRecord, partition?: string): void {
    const { shard, place } = record;
    const missing = partition === undefined ? this.missing(shard) : undefined;
    if (missing !== undefined && missing.place < place) {
      this.#early(record, missing);
    }
    if (partition !== undefined) {
      const newest = shard.newest.get(partition) ?? record;
      if (newest.place > place) {
        this.#early(newest, record);
      } else {
        shard.newest.set(partition, record);
      }
    }
    for (const ancestor of shard.ancestors) {
      const left = this.missing(ancestor);
      if (left !== undefined) {
        this.history.broken(
          `G2 ${shortName(shard.shardId)} was read before its ancestor ${shortName(ancestor.shardId)} ended: record ${left.index} is missing`,
          shard.shardId,
        );
      }
    }
  }

  #early({ index, shard }: PutRecord, other: PutRecord): void {
    this.history.broken(
      `G2 record ${index} of ${shortName(shard.shardId)} arrived before record ${other.index}`,
      shard.shardId,
    );
  }

  /** The first record of the shard that has to arrive and has not. */
  missing(shard: ShardRecords): PutRecord | undefined {
    const { records } = shard;
    for (let record = records[shard.whole]; record !== undefined; record = records[shard.whole]) {
      if (record.copies === 0 && this.isDue(record)) {
        return record;
      }
      shard.whole++;
    }
    return undefined;
  }

  isDue({ arrival, dropped, shard }: PutRecord): boolean {
    return !dropped && arrival >= this.horizon() && arrival >= (this.startOf(shard) ?? 0);
  }

  /** Place of the last record that `checkpoint` covers; -1 when it covers none. */
  placeOf(shardId: string, { sequenceNumber, subSequenceNumber }: ExtendedSequenceNumber): number {
    const shard = this.shards.get(shardId);
    if (sequenceNumber === 'SHARD_END') {
      return Number.POSITIVE_INFINITY;
    }
    const frame = shard?.places.get(sequenceNumber);
    if (frame === undefined) {
      return -1;
    }
    return frame.count === 0 ? frame.first - 1 : frame.first + subSequenceNumber;
  }

  /** Place of the last record that readers come to, whether they deliver it or not; -1 when they come to none. */
  lastPlace(shardId: string): number {
    const shard = this.shards.get(shardId);
    const last = shard?.records.at(-1);
    const isRead = last !== undefined && last.arrival >= (this.startOf(last.shard) ?? 0);
    return isRead ? last.place : -1;
  }

  /** Whether `checkpoint` is a sentinel, or names a record that was put. */
  names(shardId: string, { sequenceNumber, subSequenceNumber }: ExtendedSequenceNumber): boolean {
    const frame = this.shards.get(shardId)?.places.get(sequenceNumber);
    return frame === undefined
      ? !/^\d/.test(sequenceNumber)
      : subSequenceNumber >= 0 && subSequenceNumber < Math.max(1, frame.count);
  }

  /** A checkpoint has moved to `place`. */
  checkpointed(shardId: string, place: number): void {
    const shard = this.shards.get(shardId);
    const missing = shard === undefined ? undefined : this.missing(shard);
    if (missing !== undefined && missing.place <= place) {
      this.history.broken(
        `G1 the checkpoint of ${shortName(shardId)} passed record ${missing.index}, which is not stored`,
        shardId,
      );
    }
  }

  get complete(): boolean {
    return Array.from(this.shards.values()).every((shard) => this.missing(shard) === undefined);
  }

  reportLost(): void {
    for (const shard of this.shards.values()) {
      const missing = this.missing(shard);
      if (missing !== undefined) {
        this.history.broken(
          `G1 record ${missing.index} of ${shortName(shard.shardId)} was lost`,
          shard.shardId,
        );
      }
    }
  }
}

/** What no two frames share: the MD5 at their end. */
const digestOf = (data: Uint8Array): string => Buffer.from(data.subarray(-16)).toString('latin1');
