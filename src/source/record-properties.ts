import type { KinesisRecordProperty } from '../config/types';
import type { Properties } from '../io';
import type { KinesisRecord } from './kinesis-record';

/**
 * An instant as Java's `Instant.toString` writes it, which is what the Java connector puts into
 * `kinesis.arrival.timestamp`: ISO-8601 in UTC, milliseconds only when there are any.
 */
export function formatInstant(epochMs: number): string {
  const text = new Date(epochMs).toISOString();
  return epochMs % 1000 === 0 ? `${text.slice(0, -5)}Z` : text;
}

type Reader = (record: KinesisRecord) => string | undefined;

const READERS: { readonly [name in KinesisRecordProperty]: Reader } = {
  'kinesis.arrival.timestamp': (record) => formatInstant(record.eventTime),
  'kinesis.encryption.type': (record) => record.encryptionType,
  'kinesis.partition.key': (record) => record.partitionKey,
  'kinesis.sequence.number': (record) => record.sequenceNumber,
  'kinesis.subsequence.number': (record) => String(record.subSequenceNumber),
  'kinesis.shard.id': (record) => record.partition.id,
  'kinesis.stream': (record) => record.partition.streamName,
  'kinesis.millis.behind.latest': (record) => record.answer.millisBehindLatest?.toString(),
};

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
