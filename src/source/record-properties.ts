import type { KinesisRecordProperty } from '../config/types';
import type { Properties } from '../io';
import type { ExtendedSequenceNumber } from '../stream/extended-sequence-number';
import type { KinesisRecord } from './kinesis-record';

/**
 * An instant as Java's `Instant.toString` writes it, which is what the Java connector puts into
 * `kinesis.arrival.timestamp`: ISO-8601 in UTC, milliseconds only when there are any.
 */
export function formatInstant(epochMs: number): string {
  const ms = epochMs % 1000;
  if (ms < 0 || !Number.isInteger(ms)) {
    return new Date(epochMs).toISOString();
  }
  const second = epochMs - ms;
  if (second !== latest.second) {
    latest = { second, text: new Date(second).toISOString().slice(0, -'.000Z'.length) };
  }
  return ms === 0 ? `${latest.text}Z` : `${latest.text}.${String(ms).padStart(3, '0')}Z`;
}

/** The second formatted last: many records come in each, and to format one costs as much as to send it. */
let latest = { second: Number.NaN, text: '' };

type Reader = (record: KinesisRecord) => string | undefined;

const READERS: { readonly [name in KinesisRecordProperty]: Reader } = {
  'kinesis.arrival.timestamp': (record) => formatInstant(record.eventTime),
  'kinesis.encryption.type': (record) => record.encryptionType,
  'kinesis.partition.key': (record) => record.partitionKey,
  'kinesis.sequence.number': (record) => record.sequenceNumber,
  'kinesis.subsequence.number': (record) => String(record.subSequenceNumber),
  'kinesis.shard.id': (record) => record.partition.shardId,
  'kinesis.stream': (record) => record.partition.streamName,
  'kinesis.millis.behind.latest': (record) => record.answer.millisBehindLatest?.toString(),
  'kinesis.explicit.hash.key': (record) => record.explicitHashKey,
  'kinesis.ingest.timestamp': (record) => formatInstant(record.answer.readAt),
  'kinesis.sharded.sequence.number': (record) => shardedSequenceNumber(record),
};

/** Every property there is. */
export const ALL_PROPERTIES = Object.keys(READERS) as KinesisRecordProperty[];

/**
 * Sequence and sub-sequence number in one, which names a record within its shard and sorts as text among numbers of the
 * same length. Source: `shardedSequenceNumber` of Openflow and Apache NiFi, "%s%020d".
 */
export function shardedSequenceNumber({ sequenceNumber, subSequenceNumber }: ExtendedSequenceNumber): string {
  return sequenceNumber + String(subSequenceNumber).padStart(20, '0');
}

/** Builds the properties of a record, in the order of `names`. A name without a value is left out. */
export function propertiesBuilder(
  names: readonly KinesisRecordProperty[],
): (record: KinesisRecord) => Properties {
  const readers = names.map((name) => [name, READERS[name]] as const);
  return (record) => {
    const properties: { [name: string]: string } = {};
    for (const [name, read] of readers) {
      const value = read(record);
      if (value !== undefined) {
        properties[name] = value;
      }
    }
    return properties;
  };
}
