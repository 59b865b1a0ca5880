import type { OutgoingMessage } from '../../src/pulsar/transport';
import { compare, type ExtendedSequenceNumber, isSentinel } from '../../src/stream/extended-sequence-number';
import { type Delivered, DeliveryCheck, type DeliveryReport } from './delivery-check';

interface PutRecord {
  readonly key: string;
  readonly payload: Uint8Array;
  readonly shardId: string;
  readonly sequenceNumber: string;
  /** Milliseconds since the epoch. */
  readonly arrival: number;
}

/** What one row of the lease table shows. */
export interface AuditedRow {
  readonly shardId: string;
  readonly checkpoint: ExtendedSequenceNumber;
  readonly startAt: number | undefined;
}

/**
 * Knows everything that was put, stored and checkpointed in one run, and says at once when a guarantee is broken.
 * Violations are lines of text that begin with the guarantee.
 */
export class StreamAudit {
  readonly violations: string[] = [];
  readonly #put: PutRecord[] = [];
  readonly #stored = new Set<number>();
  readonly #rows = new Map<string, ExtendedSequenceNumber>();
  readonly #deleted = new Set<string>();
  readonly #arrivals: Delivered[] = [];
  /** Records that arrived earlier need not be read, milliseconds since the epoch; undefined while it is not known. */
  #startAt: number | undefined;

  /** @param startAt `first row`: at the instant that the first row names, as LATEST does. */
  constructor(private readonly startsAt: number | 'first row') {
    this.#startAt = startsAt === 'first row' ? undefined : startsAt;
  }

  get count(): number {
    return this.#put.length;
  }

  /** @param place where `put` says that a record of this index and key went. */
  put(
    key: string,
    arrival: number,
    put: (payload: Uint8Array) => { readonly shardId: string; readonly sequenceNumber: string },
  ): void {
    const payload = Buffer.from(String(this.#put.length));
    this.#put.push({ key, payload, arrival, ...put(payload) });
  }

  /** The broker has stored `message`. @param parentsOf all ancestors of a shard */
  stored(message: OutgoingMessage, ancestorsOf: (shardId: string) => readonly string[]): void {
    const { key, value } = message;
    const index = indexOf(value);
    const record = this.#put[index];
    if (record !== undefined && !this.#stored.has(index)) {
      this.#stored.add(index);
      for (const ancestor of ancestorsOf(record.shardId)) {
        this.#requireStored(ancestor, undefined, `G2 ${record.shardId} was read before its ancestor ended`);
      }
    }
    this.#arrivals.push({ key, payload: value });
  }

  /** A row as a write left it. */
  wrote(row: AuditedRow): void {
    const { shardId, checkpoint, startAt } = row;
    if (this.startsAt === 'first row') {
      this.#startAt ??= startAt;
    }
    if (this.#deleted.has(shardId)) {
      this.violations.push(`table: the row of ${shardId} was deleted and created again`);
    }
    const before = this.#rows.get(shardId);
    this.#rows.set(shardId, checkpoint);
    const order = before === undefined ? 0 : compare(checkpoint, before);
    if (order < 0) {
      this.violations.push(
        `G1 the checkpoint of ${shardId} went from ${before?.sequenceNumber} to ${checkpoint.sequenceNumber}`,
      );
    } else if (order > 0) {
      const { sequenceNumber } = checkpoint;
      const upTo = isSentinel(sequenceNumber) ? undefined : sequenceNumber;
      this.#requireStored(shardId, upTo, `G1 the checkpoint of ${shardId} passed what is not stored`);
    }
  }

  deleted(shardId: string): void {
    if (this.#rows.get(shardId)?.sequenceNumber !== 'SHARD_END') {
      this.violations.push(`table: the row of ${shardId} was deleted before it was finished`);
    }
    this.#deleted.add(shardId);
  }

  /** Whether the shard ever had a row. */
  knows(shardId: string): boolean {
    return this.#rows.has(shardId);
  }

  finished(shardId: string): boolean {
    return this.#rows.get(shardId)?.sequenceNumber === 'SHARD_END';
  }

  /** Whether everything that has to arrive has arrived. */
  get complete(): boolean {
    return this.#put.every((record, index) => this.#stored.has(index) || !this.#isDue(record));
  }

  /** Losses and disorder among what has to arrive. */
  report(): DeliveryReport {
    const check = new DeliveryCheck(this.#put, ({ payload }) => indexOf(payload));
    for (const arrival of this.#arrivals) {
      check.add(arrival);
    }
    const report = check.report();
    const lost = report.lost.filter((index) => this.#isDue(this.#put[index] as PutRecord));
    return { ...report, lost };
  }

  #isDue({ arrival }: PutRecord): boolean {
    return this.#startAt === undefined || arrival >= this.#startAt;
  }

  #requireStored(shardId: string, upTo: string | undefined, broken: string): void {
    const missing = this.#put.findIndex(
      (record, index) =>
        record.shardId === shardId &&
        (upTo === undefined || record.sequenceNumber <= upTo) &&
        this.#isDue(record) &&
        !this.#stored.has(index),
    );
    if (missing >= 0) {
      this.violations.push(`${broken}: record ${missing}`);
    }
  }
}

function indexOf(payload: Uint8Array): number {
  return Number(Buffer.from(payload).toString());
}
