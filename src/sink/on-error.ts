import type { KinesisSinkConfig } from '../config';
import { ConnectorError, type ErrorCode, isConnectorError } from '../errors';
import type { Record } from '../io';
import type { Logger } from '../util/logger';
import type { SinkValue } from './entry';
import type { SinkMetrics } from './sink-metrics';

/** What a record can do wrong by itself; anything else is no matter of its own. */
const HOPELESS: ReadonlySet<ErrorCode> = new Set([
  'SINK_RECORD_TOO_LARGE',
  'SINK_RECORD_INVALID',
  'SINK_RECORD_REFUSED',
  'SINK_RECORD_EXPIRED',
  'SINK_SCHEMA_UNSUPPORTED',
]);

export function isHopeless(error: unknown): error is ConnectorError {
  return isConnectorError(error) && HOPELESS.has(error.code);
}

/** Warnings about single records: the first of a kind, then each time ten times as many. */
const WARN_GROWTH = 10;

export interface OnErrorOptions {
  readonly onError: KinesisSinkConfig['onError'];
  readonly metrics: SinkMetrics;
  readonly logger: Logger;
  /** Told when `onError` is `fail`: the sink ends, and takes no further record. */
  readonly onFail: (error: ConnectorError) => void;
}

/** What becomes of records that can never be stored. */
export class OnError {
  readonly #options: OnErrorOptions;
  #skipped = 0;
  #warnAt = 1;

  constructor(options: OnErrorOptions) {
    this.#options = options;
  }

  /**
   * Settles `record` as `onError` says.
   * @returns false when it stays unsettled, for the next start: nothing behind it in its key may be stored then.
   */
  handle(record: Record<SinkValue>, error: ConnectorError): boolean {
    const { onError, metrics, onFail } = this.#options;
    switch (onError) {
      case 'skip':
        metrics.skipped(error);
        this.#warn(error);
        record.ack();
        return true;
      case 'fail':
        metrics.failed(error);
        onFail(error);
        return false;
      case 'dlq':
      case 'route':
        metrics.failed(error);
        record.fail(error);
        return true;
    }
  }

  #warn(error: ConnectorError): void {
    if (++this.#skipped >= this.#warnAt) {
      this.#warnAt = this.#skipped * WARN_GROWTH;
      this.#options.logger.warn(
        { code: error.code, reason: error.message, skipped: this.#skipped },
        'a record cannot be stored and is skipped, as onError says',
      );
    }
  }
}

export function tooLarge(size: number, limit: number): ConnectorError {
  return new ConnectorError('SINK_RECORD_TOO_LARGE', 'the record is larger than the stream takes', {
    expected: `at most ${limit} bytes of data and partition key`,
    found: `${size} bytes`,
  });
}

export function expired(ttlMs: number): ConnectorError {
  return new ConnectorError('SINK_RECORD_EXPIRED', `the record was not stored within ${ttlMs} ms`);
}

/** @param cause of the request that carried nothing but this record. */
export function refused(cause: ConnectorError): ConnectorError {
  return new ConnectorError('SINK_RECORD_REFUSED', 'Kinesis refuses the record for itself', { cause });
}

/** What whoever still asks something of a closed sink is told. */
export function sinkClosed(): ConnectorError {
  return new ConnectorError('SINK_CLOSED', 'the sink was closed');
}
