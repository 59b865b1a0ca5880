import type { Properties, Record, RecordPartition, Schema } from '../io';
import type { KinesisRecord } from './kinesis-record';
import { formatInstant, shardedSequenceNumber } from './record-properties';

const TEXT = 'string';
const INSTANT = { type: 'long', logicalType: 'timestamp-millis' };

/**
 * The row of the Foundry connector, `foundry_ingestion_timestamp` without its brand, and the KINESISMETADATA of
 * Openflow. Instants that are numbers are milliseconds since the epoch.
 */
const FIELDS = {
  partition_key: TEXT,
  data: TEXT,
  kinesis_ingestion_timestamp: INSTANT,
  ingestion_timestamp: INSTANT,
  stream: TEXT,
  shardId: TEXT,
  approximateArrival: TEXT,
  partitionKey: TEXT,
  sequenceNumber: TEXT,
  subSequenceNumber: 'long',
  shardedSequenceNumber: TEXT,
};

export const ENVELOPE_SCHEMA: Schema = {
  type: 'JSON',
  name: 'kinesis-envelope',
  definition: JSON.stringify({
    type: 'record',
    name: 'Envelope',
    namespace: 'pulsar_io_kinesis',
    fields: Object.entries(FIELDS).map(([name, type]) => ({ name, type })),
  }),
};

/**
 * The JSON object of a record. `data` is base64, whatever the bytes: read as text, those of Avro, Protobuf or gzip would
 * be damaged (G7), and a field that is text in one message and base64 in the next is a trap.
 */
function envelopeOf(record: KinesisRecord): Buffer {
  const { partitionKey, value, eventTime, answer, partition, sequenceNumber, subSequenceNumber } = record;
  const fields: { readonly [name in keyof typeof FIELDS]: string | number } = {
    partition_key: partitionKey,
    data: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64'),
    kinesis_ingestion_timestamp: eventTime,
    ingestion_timestamp: answer.readAt,
    stream: partition.streamName,
    shardId: partition.shardId,
    approximateArrival: formatInstant(eventTime),
    partitionKey,
    sequenceNumber,
    subSequenceNumber,
    shardedSequenceNumber: shardedSequenceNumber(record),
  };
  return Buffer.from(JSON.stringify(fields));
}

/** A record on its way as an envelope, which is made when it is sent. */
export class EnvelopeRecord implements Record<Uint8Array> {
  readonly #record: KinesisRecord;
  #value: Uint8Array | undefined;

  constructor(record: KinesisRecord) {
    this.#record = record;
  }

  /** Kept: a record sent again is the same to the byte. */
  get value(): Uint8Array {
    this.#value ??= envelopeOf(this.#record);
    return this.#value;
  }

  get key(): string {
    return this.#record.key;
  }

  get eventTime(): number {
    return this.#record.eventTime;
  }

  get properties(): Properties {
    return this.#record.properties;
  }

  get partition(): RecordPartition {
    return this.#record.partition;
  }

  get partitionId(): string {
    return this.#record.partitionId;
  }

  get recordSequence(): number | undefined {
    return this.#record.recordSequence;
  }

  get destinationTopic(): string | undefined {
    return this.#record.destinationTopic;
  }

  get schema(): Schema {
    return this.#record.schema;
  }

  ack(): void {
    this.#record.ack();
  }

  /** A dead letter holds what was put, not the envelope. */
  fail(cause: Error): void {
    this.#record.fail(cause);
  }
}
