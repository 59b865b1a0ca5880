import type { RawRecord } from '../aws/kinesis-api';
import { BYTES_SCHEMA, type Properties, type Record, type RecordPartition, type Schema } from '../io';
import type { RetainedAnswer } from './retained-answer';
import type { TrackedEntry } from './tracker';

/** What a record needs of the tenure it belongs to. */
export interface RecordTenure extends RecordPartition {
  readonly streamName: string;
  keyOf(record: KinesisRecord): string;
  propertiesOf(record: KinesisRecord): Properties;
  confirmed(record: KinesisRecord): void;
  refused(record: KinesisRecord, cause: Error): void;
}

/**
 * A Kinesis record on its way to Pulsar; also its own entry in the tracker. Key and properties are made when
 * they are asked for, which is once, at the moment of sending.
 */
export class KinesisRecord implements Record<Uint8Array>, TrackedEntry {
  readonly partition: RecordTenure;
  readonly answer: RetainedAnswer;
  /** The payload, untouched (G7). Replaced by a copy when the answer it came in is let go. */
  value: Uint8Array;
  readonly partitionKey: string;
  readonly sequenceNumber: string;
  readonly subSequenceNumber: number;
  /** ApproximateArrivalTimestamp, milliseconds since the epoch. */
  readonly eventTime: number;
  readonly encryptionType: 'NONE' | 'KMS';
  confirmed = false;
  next: TrackedEntry | undefined = undefined;

  constructor(partition: RecordTenure, answer: RetainedAnswer, raw: RawRecord, subSequenceNumber: number) {
    this.partition = partition;
    this.answer = answer;
    this.value = raw.data;
    this.partitionKey = raw.partitionKey;
    this.sequenceNumber = raw.sequenceNumber;
    this.subSequenceNumber = subSequenceNumber;
    this.eventTime = raw.approximateArrival;
    this.encryptionType = raw.encryptionType;
  }

  get key(): string {
    return this.partition.keyOf(this);
  }

  get properties(): Properties {
    return this.partition.propertiesOf(this);
  }

  get partitionId(): string {
    return this.partition.id;
  }

  /** Comes with EFFECTIVELY_ONCE. */
  get recordSequence(): undefined {
    return undefined;
  }

  get destinationTopic(): undefined {
    return undefined;
  }

  get schema(): Schema {
    return BYTES_SCHEMA;
  }

  ack(): void {
    this.partition.confirmed(this);
  }

  fail(cause: Error): void {
    this.partition.refused(this, cause);
  }
}
