/** One user record as exploring shows it. */
export interface PeekedRecord {
  readonly shardId: string;
  readonly sequenceNumber: string;
  /** 0 unless it came out of an aggregated record. */
  readonly subSequenceNumber: number;
  readonly aggregated: boolean;
  readonly partitionKey: string;
  readonly explicitHashKey?: string;
  /** Milliseconds since the epoch. */
  readonly approximateArrival: number;
  readonly data: Uint8Array;
}
