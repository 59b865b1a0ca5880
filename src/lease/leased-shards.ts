import type { Clock } from '../util/clock';
import type { ObservedLease } from './census';
import type { Lease } from './lease';
import type { LeasedStream } from './leased-stream';
import type { LeasedStreams } from './leased-streams';
import { reachedInstant } from './reached-instant';

/** A shard that is to be read. */
export interface LeasedShard<S extends LeasedStream> {
  readonly stream: S;
  readonly lease: Lease;
  /** Milliseconds for which nobody has given a sign of life there, as this worker has seen it; undefined: somebody does. */
  readonly unownedFor: number | undefined;
}

/** What one look at the lease table showed that anybody may take. */
export interface AvailableLeases {
  readonly leases: readonly ObservedLease[];
  /** When the look began, monotonic milliseconds. */
  readonly at: number;
}

/** The shards that are to be read, by the last look at the table and own writes since; costs no call. */
export class LeasedShards<S extends LeasedStream> {
  constructor(
    private readonly streams: LeasedStreams<S>,
    private readonly available: () => AvailableLeases,
    private readonly clock: Pick<Clock, 'monotonic'>,
  ) {}

  all(): readonly LeasedShard<S>[] {
    const unowned = new Map(this.unowned().map((shard) => [shard.lease.key, shard]));
    return this.streams.view
      .leases()
      .filter((lease) => this.streams.isWanted(lease))
      .map((lease) => unowned.get(lease.key) ?? this.#shard(lease, undefined));
  }

  /** Those that nobody holds, or whose owner is dead. */
  unowned(): readonly LeasedShard<S>[] {
    const { leases, at } = this.available();
    const since = this.clock.monotonic() - at;
    return leases
      .filter(({ lease }) => this.streams.isWanted(lease) && this.#isUnchanged(lease))
      .map(({ lease, unchangedFor }) => this.#shard(lease, unchangedFor + since));
  }

  /** For people; see LeasedStream.nameOf. */
  names(): ReadonlySet<string> {
    return new Set(this.streams.view.leases().map((lease) => this.streams.nameOf(lease)));
  }

  /** See reachedInstant. */
  reachedInstant(lease: Lease): number | undefined {
    return reachedInstant(lease, (shardId) => this.streams.siblingOf(lease, shardId));
  }

  #shard(lease: Lease, unownedFor: number | undefined): LeasedShard<S> {
    return { stream: this.streams.of(lease).stream, lease, unownedFor };
  }

  /** Whether nothing was heard of the row since it was seen like that. */
  #isUnchanged(seen: Lease): boolean {
    const row = this.streams.siblingOf(seen, seen.shardId);
    return row !== undefined && row.owner === seen.owner && row.counter === seen.counter;
  }
}
