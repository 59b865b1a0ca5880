import type { KinesisApi, StreamRef } from '../aws/kinesis-api';
import type { FixedPosition } from '../stream/iterator-position';
import type { BackoffBounds } from '../util/backoff';
import type { Clock } from '../util/clock';
import type { Random } from '../util/random';
import type { RetrievalObserver } from './retrieval';

/** What a reader of a shard needs, however it reads. */
export interface ShardReaderOptions {
  readonly kinesis: Pick<KinesisApi, 'listShards'>;
  readonly stream: StreamRef;
  readonly shardId: string;
  /** Never LATEST: whatever breaks off before the first record starts here once more. */
  readonly start: FixedPosition;
  readonly backoff: BackoffBounds;
  /** Retries in a row of an error that may not heal. */
  readonly numRetries: number;
  /** Milliseconds until a call is answered; a body that stops coming is the client's to notice. */
  readonly requestTimeout: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer?: RetrievalObserver;
}
