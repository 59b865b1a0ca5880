import type { ConnectorStatus, ShardState, ShardStatus } from '../io';
import { isFinished, type Lease } from '../lease/lease';
import type { LeaseCoordinator } from '../lease/lease-coordinator';
import type { LeasedShard } from '../lease/leased-shards';
import type { ExtendedSequenceNumber } from '../stream/extended-sequence-number';
import type { Clock } from '../util/clock';
import type { ConsumerState } from './consumer-states';
import type { ReceiveBudget } from './receive-budget';
import type { ShardConsumer } from './shard-consumer';
import type { ShardConsumers } from './shard-consumers';
import type { SourceStream } from './source-stream';
import type { SourceTally } from './source-tally';

export interface SourceStatusParts {
  readonly worker: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly leases: Pick<LeaseCoordinator<SourceStream>, 'shards' | 'held'>;
  readonly consumers: Pick<ShardConsumers, 'get' | 'values'>;
  readonly budget: Pick<ReceiveBudget, 'used'>;
  readonly tally: SourceTally;
}

/** What is shown of a shard that is read here; it delivers what it has read until it is COMPLETE. */
const SHOWN: { readonly [state in ConsumerState]: ShardState } = {
  WAITING_ON_PARENTS: 'WAITING_ON_PARENTS',
  INITIALIZING: 'INITIALIZING',
  PROCESSING: 'PROCESSING',
  DRAINING: 'SHUTTING_DOWN',
  SHUTTING_DOWN: 'SHUTTING_DOWN',
  COMPLETE: 'SHUTTING_DOWN',
};

/** What a source says of itself now; every shard of the table that it is to read, in the order of their names. */
export function sourceStatus(parts: SourceStatusParts): ConnectorStatus {
  const { worker, leases, consumers, budget, tally } = parts;
  const storedAt = new Map(leases.held().map(({ name, checkpointedAt }) => [name, checkpointedAt]));
  const shards = leases.shards.all().map((shard): ShardStatus => {
    const name = shard.stream.nameOf(shard.lease.shardId);
    const consumer = consumers.get(name);
    return consumer === undefined
      ? { ...unread(shard, parts), ...told(name, tally) }
      : { ...read(shard, consumer, worker, storedAt.get(name)), ...told(name, tally) };
  });
  return {
    worker,
    shards: shards.sort((a, b) => compare(a.stream, b.stream) || compare(a.shardId, b.shardId)),
    recordsIn: tally.recordsIn,
    recordsOut: tally.recordsOut,
    bytesIn: tally.bytesIn,
    recordsQueued: [...consumers.values()].reduce((sum, { tenure }) => sum + tenure.outstanding, 0),
    bytesQueued: budget.used,
    ...(tally.lastRecordAt === undefined ? {} : { lastRecordAt: tally.lastRecordAt }),
    ...(tally.lastError === undefined ? {} : { lastError: tally.lastError }),
  };
}

function read(
  { stream, lease }: LeasedShard<SourceStream>,
  consumer: ShardConsumer,
  owner: string,
  checkpointedAt: number | undefined,
): ShardStatus {
  const { state, lag, unconfirmedAge, heldBack } = consumer;
  return {
    stream: stream.label,
    shardId: lease.shardId,
    state: SHOWN[state],
    owner,
    millisBehindLatest: Math.round(lag),
    unconfirmedAge: Math.round(unconfirmedAge),
    checkpoint: placeOf(lease.checkpoint),
    ...(checkpointedAt === undefined ? {} : { checkpointedAt }),
    heldBack,
  };
}

function unread(
  { stream, lease, unownedFor }: LeasedShard<SourceStream>,
  { worker, clock, leases }: SourceStatusParts,
): ShardStatus {
  const finished = isFinished(lease);
  const reached = finished ? undefined : leases.shards.reachedInstant(lease);
  const { owner } = lease;
  return {
    stream: stream.label,
    shardId: lease.shardId,
    state: finished ? 'FINISHED' : stateOf(lease, worker, unownedFor),
    ...(owner === undefined || finished ? {} : { owner }),
    ...(reached === undefined ? {} : { millisBehindLatest: Math.max(0, clock.now() - reached) }),
    checkpoint: placeOf(lease.checkpoint),
  };
}

/** A row that names this worker, which does not read it: the answer to its take is on its way. */
function stateOf({ owner }: Lease, worker: string, unownedFor: number | undefined): ShardState {
  return owner === undefined || owner === worker || unownedFor !== undefined ? 'UNOWNED' : 'ELSEWHERE';
}

function told(
  name: string,
  tally: SourceTally,
): Pick<ShardStatus, 'recordsRead' | 'bytesRead' | 'lastError'> {
  const shard = tally.of(name);
  if (shard === undefined) {
    return {};
  }
  const { recordsRead, bytesRead, lastError } = shard;
  return { recordsRead, bytesRead, ...(lastError === undefined ? {} : { lastError }) };
}

function placeOf({ sequenceNumber, subSequenceNumber }: ExtendedSequenceNumber): string {
  return subSequenceNumber === 0 ? sequenceNumber : `${sequenceNumber}:${subSequenceNumber}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
