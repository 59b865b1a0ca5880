import type { Record } from '../io';

/** Value of a message; undefined is a null value, which is not an empty one. */
export type SinkValue = Uint8Array | undefined;

/** What Kinesis is to store for one record. Pure data: made once, sent as often as it takes. */
export interface EntryParts {
  readonly data: Uint8Array;
  /** 1 to 256 characters. */
  readonly partitionKey: string;
  /** Decimal, 0 to 2^128 − 1. */
  readonly explicitHashKey?: string;
  /** False when the partition key is random: such records have no order to keep. */
  readonly keyed: boolean;
}

/** Makes entries of records: partition column and message format. Pure, but for the random keys. */
export interface EntryMaker {
  /**
   * @throws ConnectorError SINK_RECORD_INVALID, SINK_SCHEMA_UNSUPPORTED when this record can never be stored
   * as configured.
   */
  make(record: Record<SinkValue>): EntryParts;
}
