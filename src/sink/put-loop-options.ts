import type { KinesisPutApi, StreamRef } from '../aws/kinesis-api';
import type { KinesisSinkConfig } from '../config';
import type { Shard } from '../stream/shard';
import type { Clock } from '../util/clock';
import type { Logger } from '../util/logger';
import type { Random } from '../util/random';
import type { FrameLimits } from './frame';
import type { SinkMetrics } from './sink-metrics';

export type PutLoopConfig = Pick<
  KinesisSinkConfig,
  | 'retainOrdering'
  | 'retryInitialDelay'
  | 'retryMaxDelay'
  | 'putStallTimeout'
  | 'recordTtl'
  | 'onError'
  | 'aggregationEnabled'
  | 'aggregationMaxSize'
  | 'aggregationMaxCount'
  | 'collectionMaxCount'
  | 'collectionMaxSize'
  | 'lingerMs'
  | 'maxConnections'
  | 'maxPendingRecords'
  | 'maxPendingBytes'
  | 'rateLimit'
>;

export function framesOf(config: PutLoopConfig): { readonly frames?: FrameLimits } {
  const { aggregationEnabled, aggregationMaxSize, aggregationMaxCount, recordTtl } = config;
  const limits = { maxBytes: aggregationMaxSize, maxCount: aggregationMaxCount };
  return aggregationEnabled ? { frames: { ...limits, ttlMs: recordTtl ?? Number.POSITIVE_INFINITY } } : {};
}

export interface PutLoopOptions {
  readonly kinesis: Pick<KinesisPutApi, 'putRecords' | 'listShards'>;
  readonly stream: StreamRef;
  /** The open shards. */
  readonly shards: readonly Shard[];
  readonly config: PutLoopConfig;
  /** Milliseconds until a request counts as not answered. */
  readonly requestTimeout: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: SinkMetrics;
  /** The sink cannot go on. */
  readonly onFatal: (error: Error) => void;
}
