import type { KinesisApi } from '../aws/kinesis-api';
import type { ShardReaderOptions } from './shard-reader-options';

export interface PollingReaderOptions extends ShardReaderOptions {
  readonly kinesis: KinesisApi;
  /** Most records of one answer, 1 to 10,000; fewer are asked for when they are large, see ReadSize. */
  readonly maxRecordsPerRead: number;
  /** Above 0; AWS allows 5. */
  readonly maxReadsPerSecond: number;
}
