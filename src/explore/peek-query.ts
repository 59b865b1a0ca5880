import type { StreamRef } from '../aws/kinesis-api';
import type { ConnectorError } from '../errors';
import type { PeekPosition } from './peek-position';

export interface PeekQuery {
  /** Name, or ARN. */
  readonly stream: StreamRef | string;
  /** Its id, or the number at the end of that; all shards when absent. */
  readonly shardId?: string | undefined;
  readonly from: PeekPosition;
  /** User records, from 1; may be infinite. */
  readonly limit: number;
  /** Bytes of payload, shown or, with `follow`, held: 64 MiB when absent. One record is always shown. */
  readonly maxBytes?: number;
  /** Milliseconds; 30 s when absent, without end when absent with `follow`. */
  readonly timeout?: number | undefined;
  /** Whether to go on with what is still to come; LATEST does so in any case. */
  readonly follow?: boolean;
  /** Reads of each shard in a second, above 0: 1 when absent. AWS allows 5, to all readers of the shard together. */
  readonly readsPerSecond?: number;
  readonly observer?: PeekObserver;
}

/** Hears how a look goes. */
export interface PeekObserver {
  /** The shards are known. */
  begun?(shards: number): void;
  /** A read was refused because the shard is read too fast, by all readers together. */
  throttled?(shardId: string): void;
  /** A read failed and is made again. */
  retried?(shardId: string, error: ConnectorError): void;
}
