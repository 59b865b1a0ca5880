import type { RetryPolicy } from '../aws/retry';
import { ConnectorError } from '../errors';
import { withDeadline } from '../util/deadline';
import type { Gate } from '../util/gate';
import type { Lease } from './lease';
import type { LeaseMetrics } from './lease-metrics';
import type { LeaseTable } from './lease-table';
import type { ShardNames } from './shard-names';

/** What the time for one request to the lease table follows from. */
export interface ShortRequestDeps {
  readonly retry: Pick<RetryPolicy, 'clock'>;
  /** Milliseconds without a sign of life after which others take a lease. */
  readonly failoverTime: number;
}

/** What all leases that a worker holds share. */
export interface HeldLeaseDeps extends ShortRequestDeps {
  readonly table: LeaseTable;
  /** Worker id. */
  readonly worker: string;
  readonly retry: RetryPolicy;
  /** Bounds the requests of all leases together. */
  readonly gate: Gate;
  readonly metrics: LeaseMetrics;
  readonly names: ShardNames;
  /** Told every state of the row that a write of ours brought about. */
  readonly onWritten?: (lease: Lease) => void;
}

/**
 * One request to the lease table, short enough that several fit into the time of a lease.
 * @throws ConnectorError AWS_TIMEOUT, what the request throws, or the signal's reason
 */
export function shortRequest<T>(
  { retry, failoverTime }: ShortRequestDeps,
  signal: AbortSignal,
  request: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  return withDeadline(retry.clock, failoverTime / 4, signal, noAnswer, request);
}

/** What a request to the lease table that is not answered in time throws. */
export const noAnswer = (): Error => new ConnectorError('AWS_TIMEOUT', 'DynamoDB did not answer in time');
