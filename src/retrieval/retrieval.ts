import type { RawRecord } from '../aws/kinesis-api';
import type { ConnectorError } from '../errors';
import type { ChildShard } from '../stream/shard';

/** What one read of a shard gave, in shard order; `records` may be empty. */
export interface RetrievalBatch {
  readonly records: readonly RawRecord[];
  /** Milliseconds from the end of this batch to the tip of the shard; undefined when the service did not say. */
  readonly millisBehindLatest: number | undefined;
  /** Time of the service when it answered, to the second below, milliseconds since the epoch; undefined when it did not say. */
  readonly serviceTime?: number | undefined;
  /**
   * Monotonic instant before which the service did not look for this batch, of one that was not asked for: it may have
   * waited in the connection ever since. `serviceTime` is then not later than that look. Absent: it looked during `read`.
   */
  readonly lookedSince?: number;
  /** Set with the last records of a closed shard; there is nothing to read behind it. */
  readonly end: ShardEnd | undefined;
}

export interface ShardEnd {
  readonly childShards: readonly ChildShard[];
  /** The shard was not read to its end: it is gone, with whatever was not read of it. */
  readonly vanished?: boolean;
}

/**
 * Asked with the size of an answer before its body is read; the body stays in the socket until this resolves.
 * A second call within one read replaces the first, whose answer broke off. Rejects only when the signal of that
 * read has fired.
 */
export type Admit = (bytes: number) => Promise<void>;

/**
 * Reads one shard from a fixed position on. The consumer pulls: nothing is fetched, and nothing kept, that was
 * not asked for. One `read` at a time.
 */
export interface ShardReader {
  /**
   * The next batch, after as much pacing, retrying and resuming as it takes.
   * @throws the signal's reason; ConnectorError of a treatment other than `retry`: after
   * that, or after `end`, the reader is of no more use.
   */
  read(signal: AbortSignal, admit: Admit): Promise<RetrievalBatch>;
  /** Gives up what the reader holds at the service. A read under way is ended by its signal, not by this. */
  close(): void;
}

/** `nextEvent`: the wait for the next event of a subscription; as long as the shard is idle. */
export type RetrievalCall = 'getRecords' | 'getShardIterator' | 'subscribeToShard' | 'nextEvent';

/** Hears of what the reader does and heals by itself. */
export interface RetrievalObserver {
  /** A call begins. */
  calling?(): void;
  /**
   * A call was answered, or failed.
   * @param ms duration, without the time its answer waited for admission
   */
  called?(call: RetrievalCall, succeeded: boolean, ms: number): void;
  throttled?(shardId: string): void;
  /**
   * A call is tried again.
   * @param attempt 1 for the first retry in a row.
   */
  retried?(shardId: string, error: ConnectorError, attempt: number, waitMs: number): void;
  /** The shard is gone; reading goes on with its children. */
  vanished?(shardId: string): void;
  /** An iterator had expired and another one is taken. */
  iteratorRenewed?(shardId: string): void;
  /** A subscription has ended and another one is made. @param error why, unless its time was up */
  resubscribing?(shardId: string, error: ConnectorError | undefined): void;
}
