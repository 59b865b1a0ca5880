import type { KinesisApi, StreamRef } from '../aws/kinesis-api';
import type { FixedPosition } from '../stream/iterator-position';
import type { BackoffBounds } from '../util/backoff';
import type { Clock } from '../util/clock';
import type { Random } from '../util/random';
import type { RetrievalObserver } from './retrieval';

export interface PollingReaderOptions {
  readonly kinesis: KinesisApi;
  readonly stream: StreamRef;
  readonly shardId: string;
  /** Never LATEST: an iterator that expires before the first record starts here once more. */
  readonly start: FixedPosition;
  /** Most records of one answer, 1 to 10,000; fewer are asked for when they are large, see ReadSize. */
  readonly maxRecordsPerRead: number;
  /** Above 0; AWS allows 5. */
  readonly maxReadsPerSecond: number;
  readonly backoff: BackoffBounds;
  /** Retries in a row of an error that may not heal. */
  readonly numRetries: number;
  /** Milliseconds until a call is answered; a body that stops coming is the client's to notice. */
  readonly requestTimeout: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer?: RetrievalObserver;
}
