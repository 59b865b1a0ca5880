import type { KinesisApi, StreamRef } from '../aws/kinesis-api';
import type { Logger } from '../util/logger';

/** A stream whose shards are leased. */
export interface LeasedStream {
  /** As calls name it. */
  readonly ref: StreamRef;
  /** As people and metrics name it: unlike any other stream of the source. */
  readonly label: string;
  /** Names the stream in every line where there are several. */
  readonly logger: Logger;
  /** Client of its region and its account. */
  readonly kinesis: Pick<KinesisApi, 'describeStream' | 'listShards'>;
  /**
   * Whether it may come and go, because a pattern has found it: then one of the same name made anew is another stream.
   * Otherwise it has to be there.
   */
  readonly found: boolean;
  /** A shard for people: its id, where there are several streams behind the label. */
  nameOf(shardId: string): string;
  /** Whether it has vanished: it has no shards then, and what is left of its rows is finished and deleted. */
  isGone(): boolean;
}
