import type { EncryptionContext } from './encryption';
import type { RecordSequencing } from './record-sequencing';
import type { Schema } from './schema';

/** Names and values of a message's properties. */
export type Properties = { readonly [name: string]: string };

/**
 * One tenure of one partition (for Kinesis: of one shard) at one source instance. Records of the same tenure
 * share the same object; a partition that is lost and comes back is another tenure.
 */
export interface RecordPartition {
  /** Name of the partition, unique within the connector, for example a shard id. */
  readonly id: string;
  /**
   * Whether records of this tenure may still be sent. Cheap; looked at before every send (G4). Once false it
   * stays false.
   */
  deliverable(): boolean;
  /** Only with EFFECTIVELY_ONCE; there before the first record of the tenure is handed out. */
  readonly sequencing?: RecordSequencing | undefined;
}

/**
 * A record on its way through a connector. Terms and meaning are those of
 * `org.apache.pulsar.functions.api.Record`.
 */
export interface Record<T> {
  readonly key: string | undefined;
  readonly value: T;
  /** Milliseconds since the epoch. */
  readonly eventTime: number | undefined;
  readonly properties: Properties;
  /** Name of the partition the record came from; records of one partition are delivered in order. */
  readonly partitionId: string | undefined;
  /** Place of the record in its partition, growing: the sequence id in EFFECTIVELY_ONCE. See RecordSequencing. */
  readonly recordSequence: number | undefined;
  /** Topic to send to instead of the connector's own. */
  readonly destinationTopic: string | undefined;
  /** From a source: the same for all records of a tenure that go to one topic. */
  readonly schema: Schema;
  /** The tenure this record belongs to; absent for sources without partitions. */
  readonly partition: RecordPartition | undefined;
  /** Whether `key` is the base64 of the key's bytes. */
  readonly keyIsBase64?: boolean;
  /** What Key_Shared readers go by instead of the key; only from sources. */
  readonly orderingKey?: string;
  /** Full name of the topic the record was consumed from; only in sinks. */
  readonly topicName?: string;
  /** Present when the value is encrypted; only in sinks. */
  readonly encryption?: EncryptionContext | undefined;
  /** Confirms the record: it is stored where it should go. Idempotent. */
  ack(): void;
  /**
   * Says that the record was not stored. From a source's record: the source ends, unless its own policy says
   * otherwise. From a sink's: what cannot heal goes to the dead-letter topic, or ends the sink where there is
   * none; anything else is delivered again (negative acknowledgement). Only the first of ack and fail counts.
   */
  fail(cause: Error): void;
}
