import type { StreamDescription } from '../aws/kinesis-api';
import type { InitialPosition } from '../config/types';
import { ConnectorError } from '../errors';
import type { Shard } from '../stream/shard';
import {
  instantOf,
  type LeaseState,
  missingLeases,
  type StartLease,
  type StartPosition,
  startShards,
} from '../stream/start-position';
import type { Logger } from '../util/logger';
import { isFinished, type Lease } from './lease';
import type { NewLease } from './serializer';
import {
  describeUsable,
  type ListingDeps,
  listShardMap,
  listStart,
  requireSameCreation,
} from './shard-listing';
import { FROM_BEGINNING, startOfTable } from './table-start';

export interface RowPlanDeps extends ListingDeps {
  readonly initialPosition: InitialPosition;
  readonly logger: Logger;
}

/** What rows a table should have for the shards of the stream. Writes nothing. */
export class RowPlan {
  #description: StreamDescription | undefined;
  #begunAt: number | undefined;

  constructor(private readonly deps: RowPlanDeps) {}

  /**
   * Looks at the stream; the first look freezes LATEST by its Date, so it comes before any listing.
   * @throws ConnectorError KINESIS_STREAM_RECREATED, and see describeUsable
   */
  async describe(signal: AbortSignal): Promise<StreamDescription> {
    const { retry, logger } = this.deps;
    const { kinesis, stream } = this.deps;
    const description = await describeUsable(kinesis, stream, { ...retry, logger }, signal);
    requireSameCreation(this.#description ?? description, description);
    this.#description = description;
    this.#begunAt ??= this.#description.serviceTime ?? retry.clock.now();
    return this.#description;
  }

  /** Service time at which this worker began, milliseconds since the epoch. */
  get begunAt(): number {
    return this.#begunAt ?? this.described.createdAt;
  }

  get described(): StreamDescription {
    if (this.#description === undefined) {
      throw new ConnectorError('ILLEGAL_STATE', 'shard sync was used before it was started');
    }
    return this.#description;
  }

  /** See startOfTable. @param frozen the startAt of the table */
  start(frozen: number | undefined, isEmpty = false): StartPosition {
    return startOfTable(this.deps.initialPosition, { frozen, isEmpty }, this.described, this.begunAt);
  }

  /** Every shard that Kinesis names, closed ones too. @throws what cannot heal */
  shards(signal: AbortSignal): Promise<ReadonlyMap<string, Shard>> {
    return listShardMap(this.deps, signal);
  }

  /** Rows of an empty table. @throws ConnectorError KINESIS_HASH_RANGE_INCOMPLETE, or what cannot heal */
  async first(start: StartPosition, signal: AbortSignal): Promise<NewLease[]> {
    return this.rows(await listStart(this.deps, start, this.described, signal), start);
  }

  /** Rows that `leases` lack. @throws what cannot heal */
  async missing(
    leases: readonly Lease[],
    shards: ReadonlyMap<string, Shard>,
    start: StartPosition,
    signal: AbortSignal,
  ): Promise<NewLease[]> {
    const listed = [...shards.values()];
    const states = statesOf(leases);
    if (leases.some((lease) => !isFinished(lease) && !shards.has(lease.shardId))) {
      // What is missing may descend from that one, by shards that have vanished too: no instant is early enough.
      return this.rows(missingLeases(listed, states, FROM_BEGINNING), start);
    }
    if (missingLeases(listed, states, start).length === 0) {
      return [];
    }
    const openAtStart = await this.openAtStart(shards, leases, start, signal);
    return this.rows(missingLeases(listed, states, start, openAtStart), start);
  }

  /** The shards with which reading starts, see startShards. @throws what cannot heal */
  async openAtStart(
    shards: ReadonlyMap<string, Shard>,
    leases: readonly Lease[],
    start: StartPosition,
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>> {
    const first = await listStart(this.deps, start, this.described, signal);
    const openAtStart = first.map(({ shard }) => shard.shardId);
    return startShards(shards.values(), statesOf(leases), openAtStart);
  }

  rows(planned: readonly StartLease[], start: StartPosition): NewLease[] {
    const startAt = instantOf(start);
    return planned.map(({ shard, checkpoint, parents }) => this.row(shard, checkpoint, parents, startAt));
  }

  row(
    shard: Pick<Shard, 'shardId' | 'startingHashKey' | 'endingHashKey'>,
    checkpoint: NewLease['checkpoint'],
    parentShardIds: readonly string[],
    startAt: number | undefined,
  ): NewLease {
    const { shardId, startingHashKey, endingHashKey } = shard;
    const hashRange = { startingHashKey, endingHashKey };
    return { shardId, checkpoint, parentShardIds, hashRange, startAt, streamArn: this.described.arn };
  }
}

/** To us no shard descends from an anchor: what is below it starts at the instant it names. */
export function statesOf(leases: readonly Lease[]): ReadonlyMap<string, LeaseState> {
  return new Map(
    leases.filter(({ anchor }) => !anchor).map((lease) => [lease.shardId, { finished: isFinished(lease) }]),
  );
}
