/**
 * Where a shard stands. A worker tells of the shards that it reads (WAITING_ON_PARENTS to SHUTTING_DOWN), and, as the
 * lease table said when it was last looked at, of those that another worker reads (ELSEWHERE), nobody reads (UNOWNED), and
 * that are read to their end (FINISHED).
 */
export type ShardState =
  | 'WAITING_ON_PARENTS'
  | 'INITIALIZING'
  | 'PROCESSING'
  | 'SHUTTING_DOWN'
  | 'ELSEWHERE'
  | 'UNOWNED'
  | 'FINISHED';

export interface ShardStatus {
  /** As in metrics: the name of the stream, or its key where a source reads several. */
  readonly stream: string;
  readonly shardId: string;
  readonly state: ShardState;
  /** Worker that holds the lease. */
  readonly owner?: string;
  /** Milliseconds; of a shard that is not read here an upper bound by what the table says. Absent while unknown. */
  readonly millisBehindLatest?: number;
  /**
   * Milliseconds since the oldest record came to Kinesis that was read and is not confirmed by Pulsar; 0 when there is
   * none. Absent of a shard that is not read here.
   */
  readonly unconfirmedAge?: number;
  /** Sequence number or sentinel, with `:subSequenceNumber` inside an aggregate. */
  readonly checkpoint: string;
  /** Milliseconds since the epoch. Of a shard read here: when that checkpoint was stored. */
  readonly checkpointedAt?: number;
  /** Records and bytes read since this instance was opened; absent of a shard that it has not read. */
  readonly recordsRead?: number;
  readonly bytesRead?: number;
  /** Whether reading waits until Pulsar has confirmed more. */
  readonly heldBack?: boolean;
  readonly lastError?: StatusError;
}

export interface StatusError {
  readonly code: string;
  /** One line, without secrets (G9). */
  readonly message: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** What one instance of a connector says of itself; a snapshot that costs no call to any service. */
export interface ConnectorStatus {
  /** Worker id of a source's instance. */
  readonly worker?: string;
  /** Of a source; a sink has none. */
  readonly shards: readonly ShardStatus[];
  /** Read (source) or received (sink) since the instance was opened. */
  readonly recordsIn: number;
  /** Confirmed by Pulsar (source), or accepted by Kinesis (sink). */
  readonly recordsOut: number;
  readonly bytesIn: number;
  /** Records held between in and out, and the bytes they keep alive. */
  readonly recordsQueued: number;
  readonly bytesQueued: number;
  /** Milliseconds since the epoch when a record came in last. */
  readonly lastRecordAt?: number;
  readonly lastError?: StatusError;
}
