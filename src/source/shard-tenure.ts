import type { KinesisRecordProperty } from '../config/types';
import type { Properties, Schema } from '../io';
import { compare, type ExtendedSequenceNumber } from '../stream/extended-sequence-number';
import type { DeliveredRecords } from './delivered-records';
import type { DeliveryTimer } from './delivery-timer';
import type { KinesisRecord, RecordTenure } from './kinesis-record';
import { LetterOrder } from './letter-order';
import type { RecordNumbering } from './record-numbering';
import { propertiesBuilder } from './record-properties';
import type { RefusalOutcome } from './record-refusals';
import { Tracker } from './tracker';

/**
 * Numbers left out where records may be missing: more than an earlier tenure can have sent behind its last checkpoint,
 * and few enough that they last for two million such places.
 */
const LEAP = 2 ** 32;

/** What a tenure needs of its lease. */
export interface TenureLease {
  readonly shardId: string;
  /** Unlike that of any other shard of the source. */
  readonly name: string;
  /** Whether the lease holds, on both clocks (G4). */
  isValid(): boolean;
  /**
   * Says that everything up to `position` is stored; the next renewal carries it.
   * @param ordinal records numbered up to there
   */
  confirm(position: ExtendedSequenceNumber, ordinal: number): void;
}

export interface TenureOptions {
  readonly lease: TenureLease;
  readonly streamName: string;
  readonly messageKeyMode: 'PARTITION_KEY' | 'SHARD_ID';
  readonly properties: readonly KinesisRecordProperty[];
  readonly schema: Schema;
  /** Instead of the topic of the source. */
  readonly destinationTopic: string | undefined;
  readonly timer: DeliveryTimer;
  readonly delivered: Pick<DeliveredRecords, 'add'>;
  /** With EFFECTIVELY_ONCE. */
  readonly sequencing?: RecordNumbering | undefined;
  /**
   * Decides what becomes of a record that can never be stored. One that is dead-lettered is acked later.
   * @param inTurn runs what sends a dead letter, when its turn has come
   */
  onRefused(record: KinesisRecord, cause: Error, inTurn: (send: () => void) => void): RefusalOutcome;
}

/**
 * The time during which this instance holds one shard: what was read, what of it is confirmed, what it keeps in
 * memory. Records of it carry it as their partition.
 */
export class ShardTenure implements RecordTenure {
  readonly id: string;
  readonly shardId: string;
  readonly streamName: string;
  readonly schema: Schema;
  readonly destinationTopic: string | undefined;
  readonly #lease: TenureLease;
  readonly #options: TenureOptions;
  readonly #build: (record: KinesisRecord) => Properties;
  readonly #tracker = new Tracker();
  readonly #letters: LetterOrder;
  #held = 0;
  #refused = false;
  #last: ExtendedSequenceNumber | undefined;
  #nextOrdinal: number | undefined;
  #onChange: (() => void) | undefined;

  constructor(options: TenureOptions) {
    this.#options = options;
    this.#lease = options.lease;
    this.id = options.lease.name;
    this.shardId = options.lease.shardId;
    this.streamName = options.streamName;
    this.schema = options.schema;
    this.destinationTopic = options.destinationTopic;
    this.#build = propertiesBuilder(options.properties);
    this.#letters = new LetterOrder(options.sequencing === undefined ? undefined : this.#tracker);
  }

  /** Payload bytes read and neither confirmed nor dropped. */
  get heldBytes(): number {
    return this.#held;
  }

  /** Whether the end of the shard was read and all of it is confirmed. */
  get complete(): boolean {
    return this.#tracker.atEnd;
  }

  /** Position of the last record read; undefined before the first. */
  get lastRead(): ExtendedSequenceNumber | undefined {
    return this.#last;
  }

  get sequencing(): RecordNumbering | undefined {
    return this.#options.sequencing;
  }

  /** Number of the user record that is read next; 0 while there was none and it is not known. */
  get nextOrdinal(): number {
    const { sequencing } = this;
    return this.#nextOrdinal ?? (sequencing?.settled ? sequencing.firstId : 0);
  }

  /** Records read that are not part of what is confirmed in one piece from the beginning. */
  get outstanding(): number {
    return this.#tracker.outstanding;
  }

  /** When the oldest record that is not confirmed came to Kinesis, milliseconds since the epoch. */
  get oldestArrival(): number | undefined {
    return this.#tracker.oldest?.eventTime;
  }

  /** Whether everything up to and with `position` is confirmed. */
  hasConfirmed(position: ExtendedSequenceNumber): boolean {
    const confirmed = this.#tracker.position;
    return confirmed !== undefined && compare(confirmed, position) >= 0;
  }

  deliverable(): boolean {
    return !this.#refused && this.#lease.isValid();
  }

  keyOf(record: KinesisRecord): string {
    return this.#options.messageKeyMode === 'SHARD_ID' ? this.shardId : record.partitionKey;
  }

  propertiesOf(record: KinesisRecord): Properties {
    return this.#build(record);
  }

  /** Takes `records`, an answer, in the order of the shard. @returns their payload bytes */
  append(records: readonly KinesisRecord[]): number {
    const before = this.#held;
    for (const record of records) {
      this.#tracker.append(record);
      this.#held += record.value.byteLength;
    }
    const last = records.at(-1);
    if (last !== undefined) {
      this.#last = last;
      this.#nextOrdinal = last.ordinal + 1;
      this.#options.timer.queued(last);
    }
    return this.#held - before;
  }

  /**
   * What was read reaches to `position`, and behind the records appended it held nothing to deliver.
   * @param nextOrdinal number of the user record behind it
   */
  pass(position: ExtendedSequenceNumber, nextOrdinal: number): void {
    this.#last = position;
    this.#nextOrdinal = nextOrdinal;
    if (this.#tracker.pass(position, nextOrdinal - 1)) {
      this.#moved();
    }
  }

  /**
   * Records may be missing behind what was read: those that follow get numbers that none of them has had before. An
   * earlier tenure may have counted the missing ones, and the broker would take what follows for what it has.
   */
  leap(): void {
    if (this.sequencing?.settled) {
      this.#nextOrdinal = this.nextOrdinal + LEAP;
    }
  }

  /** The end of the shard was read. */
  end(): void {
    this.#tracker.end();
    this.changed();
  }

  confirmed(record: KinesisRecord): void {
    if (!record.confirmed) {
      this.#options.delivered.add(record.eventTime);
      this.#settled(record);
    }
  }

  /** Nothing more is to be done for the record. */
  #settled(record: KinesisRecord): void {
    this.#letGo(record);
    const moved = this.#tracker.confirm(record);
    this.#letters.confirmed(record);
    if (moved) {
      this.#moved();
      this.#options.timer.confirmed();
    }
    this.changed();
  }

  refused(record: KinesisRecord, cause: Error): void {
    // Behind its end nothing is decided any more: that is for whoever reads the shard next.
    if (record.confirmed || !this.deliverable()) {
      return;
    }
    const outcome = this.#options.onRefused(record, cause, (send) => this.#letters.add(record, send));
    if (outcome === 'END') {
      // What is behind the record must not arrive before it.
      this.#refused = true;
    } else if (outcome === 'SKIP') {
      this.#settled(record);
    }
  }

  /** Lets go of everything that was never confirmed; nothing of it will be. */
  drop(): void {
    this.#options.timer.drop();
    for (const entry of this.#tracker.unconfirmed()) {
      entry.confirmed = true;
      this.#letGo(entry as KinesisRecord);
    }
  }

  /** Wakes whoever waits for `change`. */
  changed(): void {
    const onChange = this.#onChange;
    this.#onChange = undefined;
    onChange?.();
  }

  /**
   * Resolves at the next confirmation, hand-out or end. One caller at a time.
   * @throws the signal's reason.
   */
  change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(signal.reason);
      if (signal.aborted) {
        onAbort();
        return;
      }
      signal.addEventListener('abort', onAbort, { once: true });
      this.#onChange = () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
    });
  }

  #moved(): void {
    const { position, ordinal } = this.#tracker;
    if (position !== undefined) {
      this.#lease.confirm(position, ordinal + 1);
      this.sequencing?.confirmed(ordinal);
    }
  }

  #letGo(record: KinesisRecord): void {
    this.#held -= record.value.byteLength;
    record.answer.release(record);
  }
}
