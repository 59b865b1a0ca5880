import type { ExtendedSequenceNumber } from '../../../src/stream/extended-sequence-number';
import { type History, shortName } from './history';

/** One record as it was put. */
export interface PutRecord {
  readonly index: number;
  readonly shard: ShardRecords;
  /** Its place in the shard, from 0. */
  readonly place: number;
  /** Milliseconds since the epoch, service time. */
  readonly arrival: number;
  /** How often the topic has it. */
  copies: number;
}

/** One shard of the stream, and its records in their order. */
export interface ShardRecords {
  readonly shardId: string;
  readonly ancestors: readonly ShardRecords[];
  readonly records: PutRecord[];
  readonly places: Map<string, number>;
  /** Place before which nothing is missing. */
  whole: number;
}

/** Which records were put and which of them the topic has: G1 and G2, told as soon as they are broken. */
export class RecordAudit {
  readonly shards = new Map<string, ShardRecords>();
  readonly #records: PutRecord[] = [];
  /** Records that arrived earlier need not be read, milliseconds since the epoch; undefined while it is not known. */
  startAt: number | undefined;
  /** What is older need not be there any more, milliseconds since the epoch. */
  horizon: () => number = () => 0;

  constructor(private readonly history: History) {}

  get count(): number {
    return this.#records.length;
  }

  /** @throws when nobody has put such a record */
  ofPayload(payload: Uint8Array): PutRecord {
    const record = this.#records[Number(Buffer.from(payload).toString())];
    if (record === undefined) {
      throw new Error('a payload that nobody has put');
    }
    return record;
  }

  /** @param parentIds asked for when the shard is seen for the first time. */
  shard(shardId: string, parentIds: () => readonly string[]): ShardRecords {
    let shard = this.shards.get(shardId);
    if (shard === undefined) {
      const parents = parentIds().flatMap((id) => this.shards.get(id) ?? []);
      const ancestors = [...new Set(parents.flatMap((parent) => [parent, ...parent.ancestors]))];
      shard = { shardId, ancestors, records: [], places: new Map(), whole: 0 };
      this.shards.set(shardId, shard);
    }
    return shard;
  }

  put(shard: ShardRecords, sequenceNumber: string, arrival: number): PutRecord {
    const place = shard.records.length;
    const record = { index: this.#records.length, shard, place, arrival, copies: 0 };
    shard.records.push(record);
    shard.places.set(sequenceNumber, place);
    this.#records.push(record);
    return record;
  }

  /** The topic has got `record` for the first time. */
  arrived(record: PutRecord): void {
    const { shard, place } = record;
    const missing = this.missing(shard);
    if (missing !== undefined && missing.place < place) {
      this.history.broken(
        `G2 record ${record.index} of ${shortName(shard.shardId)} arrived before record ${missing.index}`,
        shard.shardId,
      );
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

  isDue({ arrival }: PutRecord): boolean {
    return arrival >= this.horizon() && (this.startAt === undefined || arrival >= this.startAt);
  }

  /** Place of the last record that `checkpoint` covers; -1 when it covers none. */
  placeOf(shardId: string, { sequenceNumber }: ExtendedSequenceNumber): number {
    const shard = this.shards.get(shardId);
    if (sequenceNumber === 'SHARD_END') {
      return Number.POSITIVE_INFINITY;
    }
    return shard?.places.get(sequenceNumber) ?? -1;
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
