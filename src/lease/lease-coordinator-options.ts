import type { DynamoApi } from '../aws/dynamo-api';
import type { KinesisApi, StreamRef } from '../aws/kinesis-api';
import type { AuditSettings, InitialPosition, LeaseTableSettings } from '../config/types';
import type { MetricSink } from '../io';
import type { BackoffBounds } from '../util/backoff';
import type { Clock } from '../util/clock';
import type { Logger } from '../util/logger';
import type { Random } from '../util/random';
import type { HeldLease } from './held-lease';
import type { LeaseWatch } from './lease-watch';

export interface LeaseCoordinatorOptions {
  readonly dynamo: DynamoApi;
  readonly kinesis: KinesisApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: MetricSink;
  readonly tableName: string;
  /** What a table that is absent is created as. */
  readonly leaseTable: LeaseTableSettings;
  /** Names the tables that a KCL 3.x keeps beside the leases. */
  readonly applicationName: string;
  readonly stream: StreamRef;
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
  /** Only these shards; all when absent. */
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
  readonly onAcquired: (held: HeldLease) => Promise<void>;
  /** Something cannot heal: the instance has to end. */
  readonly onFatal: (error: Error) => void;
}
