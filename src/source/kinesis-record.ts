import type { RawRecord } from '../aws/kinesis-api';
import type { Properties, Record, RecordPartition, Schema } from '../io';
import type { RetainedAnswer } from './retained-answer';
import type { TrackedEntry } from './tracker';

/** What a record needs of the tenure it belongs to. */
export interface RecordTenure extends RecordPartition {
  readonly shardId: string;
  readonly streamName: string;
  /** Of all its records. */
  readonly schema: Schema;
  /** Where all its records go, when that is not the topic of the source. */
  readonly destinationTopic: string | undefined;
  keyOf(record: KinesisRecord): string;
  propertiesOf(record: KinesisRecord): Properties;
  confirmed(record: KinesisRecord): void;
  refused(record: KinesisRecord, cause: Error): void;
}

/** What a record has of its own when it came in a KPL frame. */
export interface SubRecord {
  readonly subSequenceNumber: number;
  readonly data: Uint8Array;
  /** Undefined when it names none that is there: then that of the frame stands for it. */
  readonly partitionKey: string | undefined;
  readonly explicitHashKey: string | undefined;
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
  /** Known of a record that came in a frame only. */
  readonly explicitHashKey: string | undefined;
  /** Whether it came in a KPL frame. */
  readonly aggregated: boolean;
  /** ApproximateArrivalTimestamp, milliseconds since the epoch. */
  readonly eventTime: number;
  readonly encryptionType: 'NONE' | 'KMS';
  readonly ordinal: number;
  confirmed = false;
  next: TrackedEntry | undefined = undefined;

  /**
   * @param ordinal its number among the user records of the shard, see RecordSequencing
   * @param part undefined: the record stands alone
   */
  constructor(
    partition: RecordTenure,
    answer: RetainedAnswer,
    raw: RawRecord,
    ordinal: number,
    part: SubRecord | undefined,
  ) {
    this.ordinal = ordinal;
    this.partition = partition;
    this.answer = answer;
    this.value = part?.data ?? raw.data;
    this.partitionKey = part?.partitionKey ?? raw.partitionKey;
    this.sequenceNumber = raw.sequenceNumber;
    this.subSequenceNumber = part?.subSequenceNumber ?? 0;
    this.explicitHashKey = part?.explicitHashKey;
    this.aggregated = part !== undefined;
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

  get recordSequence(): number | undefined {
    return this.partition.sequencing === undefined ? undefined : this.ordinal;
  }

  get destinationTopic(): string | undefined {
    return this.partition.destinationTopic;
  }

  get schema(): Schema {
    return this.partition.schema;
  }

  ack(): void {
    this.partition.confirmed(this);
  }

  fail(cause: Error): void {
    this.partition.refused(this, cause);
  }
}
