import type { KinesisApi, StreamRef } from '../aws/kinesis-api';
import { openPollingReader } from '../retrieval/polling-reader';
import type { ShardReader } from '../retrieval/retrieval';
import type { FixedPosition } from '../stream/iterator-position';
import { isHopeless, PATIENCE_BOUNDS, type PatienceOptions } from './patience';
import type { PeekObserver } from './peek-query';

export interface LaneReaderOptions extends PatienceOptions {
  readonly kinesis: KinesisApi;
  readonly stream: StreamRef;
  /** Milliseconds until a call is answered. */
  readonly requestTimeout: number;
  /** 1 to 10,000. */
  readonly maxRecordsPerRead: number;
  readonly maxReadsPerSecond: number;
  readonly observer: PeekObserver | undefined;
  /** Told of an error that has come too often. */
  failed(error: unknown): void;
}

/** Retries in a row of a read that may not heal. */
const RETRIES = 4;

/** A reader of one shard for a look: as patient as that may be. */
export function openLaneReader(
  options: LaneReaderOptions,
  shardId: string,
  start: FixedPosition,
): ShardReader {
  const { observer, failed } = options;
  return openPollingReader({
    ...options,
    shardId,
    start,
    backoff: PATIENCE_BOUNDS,
    numRetries: RETRIES,
    observer: {
      throttled: (id) => observer?.throttled?.(id),
      retried: (id, error, attempt) => {
        if (isHopeless(error, attempt)) {
          failed(error);
        } else if (error.code !== 'AWS_THROTTLED' && error.code !== 'KINESIS_ITERATOR_EXPIRED') {
          observer?.retried?.(id, error);
        }
      },
    },
  });
}
