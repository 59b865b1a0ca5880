/** Where an iterator starts. Source: Kinesis API, ShardIteratorType. */
export type IteratorPosition =
  | { readonly type: 'TRIM_HORIZON' }
  | { readonly type: 'LATEST' }
  /** Milliseconds since the epoch. */
  | { readonly type: 'AT_TIMESTAMP'; readonly timestamp: number }
  | { readonly type: 'AT_SEQUENCE_NUMBER'; readonly sequenceNumber: string }
  | { readonly type: 'AFTER_SEQUENCE_NUMBER'; readonly sequenceNumber: string };

/** A position that names the same records each time it is used; LATEST names other ones each time. */
export type FixedPosition = Exclude<IteratorPosition, { readonly type: 'LATEST' }>;

/** Which shards a listing names. Source: Kinesis API, ShardFilter. */
export type ShardFilter =
  | { readonly type: 'AT_TRIM_HORIZON' }
  | { readonly type: 'AT_LATEST' }
  /** Milliseconds since the epoch. */
  | { readonly type: 'AT_TIMESTAMP'; readonly timestamp: number };
