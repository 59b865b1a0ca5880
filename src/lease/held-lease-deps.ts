import type { RetryPolicy } from '../aws/retry';
import type { Gate } from '../util/gate';
import type { Lease } from './lease';
import type { LeaseMetrics } from './lease-metrics';
import type { LeaseTable } from './lease-table';

/** What all leases that a worker holds share. */
export interface HeldLeaseDeps {
  readonly table: LeaseTable;
  /** Worker id. */
  readonly worker: string;
  /** Milliseconds without a sign of life after which others take the lease. */
  readonly failoverTime: number;
  readonly retry: RetryPolicy;
  /** Bounds the requests of all leases together. */
  readonly gate: Gate;
  readonly metrics: LeaseMetrics;
  /** Told every state of the row that a write of ours brought about. */
  readonly onWritten?: (lease: Lease) => void;
}
