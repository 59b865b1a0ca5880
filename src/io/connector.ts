import type { SinkContext, SourceContext } from './context';
import type { Record, RecordPartition } from './record';

/** Configuration as it stands under `configs` of a Pulsar SourceConfig or SinkConfig. */
export type ConnectorConfig = { readonly [name: string]: unknown };

/** Source: `org.apache.pulsar.io.core.Source`. */
export interface Source<T> {
  /** Validates `config` and starts reading. @throws ConnectorError */
  open(config: ConnectorConfig, context: SourceContext): Promise<void>;
  /**
   * The next record, as soon as there is one.
   * @throws ConnectorError SOURCE_CLOSED once `close()` was called: it never resolves after that.
   */
  read(): Promise<Record<T>>;
  /**
   * Up to `max` records, at least one; preferred by the runner where offered.
   * @param accepts When given, only records of tenures it returns true for are handed out, so that one stalled
   * partition does not hold up the others. Call `wake()` when its answer may have changed.
   */
  readBatch?(max: number, accepts?: (partition: RecordPartition) => boolean): Promise<Record<T>[]>;
  /** Makes a pending `readBatch` ask `accepts` again. */
  wake?(): void;
  /**
   * Resolves once everything that was there when it is called has been read and confirmed; for sources that
   * know an end.
   */
  whenCaughtUp?(): Promise<void>;
  /**
   * Stops reading, drains what is in flight, stores what is confirmed, releases everything.
   * @throws ConnectorError SHUTDOWN_DEADLINE when the time did not suffice to drain.
   */
  close(): Promise<void>;
}

/** What a sink may answer to each `write` that leaves room for another. */
export const HAS_ROOM: Promise<void> = Promise.resolve();

/** Source: `org.apache.pulsar.io.core.Sink`. */
export interface Sink<T> {
  /** Validates `config` and connects. @throws ConnectorError */
  open(config: ConnectorConfig, context: SinkContext): Promise<void>;
  /**
   * Takes `record`; resolves when there is room for another, which is not yet delivery. Never called again
   * before it has resolved. The sink acks each record once it is stored, or fails it. A sink that has room at once
   * may answer `HAS_ROOM`, which costs nothing to wait for.
   * @throws ConnectorError when the sink has ended.
   */
  write(record: Record<T>): Promise<void>;
  /**
   * True when each record written is acked or failed in the end, however long it takes: an acknowledgement
   * time-out (`timeoutMs`) then never runs.
   */
  readonly settlesEveryRecord?: boolean;
  /** Sends at once what waits for a batch to fill. */
  flush?(): void;
  /**
   * Delivers what was written, then releases everything; what was not delivered is neither acked nor failed.
   * @param limitMs Milliseconds it may take; `shutdownTimeoutMs` of the context when absent.
   * @throws ConnectorError SHUTDOWN_DEADLINE when the time did not suffice.
   */
  close(limitMs?: number): Promise<void>;
}
