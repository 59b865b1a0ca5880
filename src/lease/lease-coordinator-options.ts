import type { DynamoApi } from '../aws/dynamo-api';
import type { AuditSettings, InitialPosition, LeaseTableSettings } from '../config/types';
import type { MetricSink } from '../io';
import type { BackoffBounds } from '../util/backoff';
import type { Clock } from '../util/clock';
import type { Logger } from '../util/logger';
import type { Random } from '../util/random';
import type { HeldLease } from './held-lease';
import type { TableLayout } from './lease-table';
import type { LeaseWatch } from './lease-watch';
import type { LeasedStream } from './leased-stream';
import type { StreamId } from './row-key';

export interface LeaseCoordinatorOptions<S extends LeasedStream = LeasedStream> {
  readonly dynamo: DynamoApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: MetricSink;
  readonly tableName: string;
  /** What a table that is absent is created as. */
  readonly leaseTable: LeaseTableSettings;
  /** Names the tables that a KCL 3.x keeps beside the leases. */
  readonly applicationName: string;
  readonly layout: TableLayout;
  /** Label of the stream in the metrics of the worker; of several, what stands for all. */
  readonly label: string;
  /** Unique among all workers of the table, past ones included. */
  readonly worker: string;
  readonly initialPosition: InitialPosition;
  /** Milliseconds; more than 1,500. */
  readonly failoverTime: number;
  /** Milliseconds. */
  readonly checkpointInterval: number;
  readonly maxLeases: number;
  /** When the leases are audited. */
  readonly audit: AuditSettings;
  /** Only these shards; all when absent. For a table of one stream. */
  readonly shardIds?: readonly string[];
  /** Waits between attempts that do not renew a lease. */
  readonly backoff: BackoffBounds;
  /** Milliseconds that an owner of ours may take to give a lease up once it was asked. */
  readonly handoffTimeout: number;
  /** Hand-overs that this worker asks for at a time. */
  readonly maxConcurrentHandovers: number;
  readonly watch: LeaseWatch;
  /** Milliseconds between two scans of the table; when absent it follows the size of the table. */
  readonly scanInterval?: number;
  /**
   * Starts the consumer of a shard and resolves when it has ended; until then the shard is not taken again by this
   * worker, its lease lost or not. A lease still held then is abandoned. A rejection is fatal.
   */
  readonly onAcquired: (held: HeldLease, stream: S) => Promise<void>;
  /** Told how the rows of a table of several streams name a stream, once that is known. */
  readonly onNamed?: (stream: S, id: StreamId) => void;
  /** Something cannot heal: the instance has to end. */
  readonly onFatal: (error: Error) => void;
}
