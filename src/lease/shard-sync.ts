import { retrying } from '../aws/retry';
import { TRIM_HORIZON } from '../stream/extended-sequence-number';
import type { ChildShard, Shard } from '../stream/shard';
import { instantOf, missingLeases, type StartPosition } from '../stream/start-position';
import { sleep } from '../util/clock';
import type { HeldLease } from './held-lease';
import type { Lease } from './lease';
import { LeaseCreation, type LeaseCreationDeps } from './lease-creation';
import { smallestStartAt } from './lease-view';
import { RowPlan, type RowPlanDeps, statesOf } from './row-plan';
import { requireSameStream } from './shard-listing';
import { ANCHOR, anchorAmong, anchorOfKcl } from './start-anchor';
import type { StreamScan } from './stream-rows';
import { ancestry, FROM_BEGINNING } from './table-start';
import { type Instant, instantOf as now, timeLeft } from './validity';

/** A third of the time for which finished rows stay (cleanup.ts): after that a plan to create rows is made anew. */
const PLAN_FAILOVERS = 10;
/** From so many missing rows on it is worth a look whether another worker is creating them. */
const MANY_ROWS = 100;
const LOOK_AGAIN_MS = 1000;
/** About what one worker creates in a millisecond. */
const ROWS_A_MS = 2;

export interface ShardSyncDeps extends RowPlanDeps, LeaseCreationDeps {
  /** Milliseconds. */
  readonly failoverTime: number;
  /** Whether the stream joins a source that reads others already. */
  readonly late: boolean;
}

/** The shards of the stream at one moment, and those among them with which reading starts: see startShards. */
export interface ShardSnapshot {
  readonly shards: ReadonlyMap<string, Shard>;
  readonly openAtStart: ReadonlySet<string>;
}

/** Keeps the rows of the table in step with the shards of the stream; any number of workers do so at once. */
export class ShardSync {
  readonly #plan: RowPlan;
  readonly #creation: LeaseCreation;

  constructor(private readonly deps: ShardSyncDeps) {
    this.#plan = new RowPlan(deps);
    this.#creation = new LeaseCreation(deps);
  }

  /**
   * Looks at the stream; to be called before anything else.
   * @throws ConnectorError KINESIS_STREAM_NOT_FOUND, KINESIS_STREAM_NOT_READY
   */
  async describe(signal: AbortSignal): Promise<void> {
    this.deps.rows.belongTo(await this.#plan.describe(signal));
  }

  /**
   * Creates the rows that the table lacks, all of them when it has none of the stream. The table must exist.
   * @throws ConnectorError START_POSITION_IN_FUTURE, KINESIS_HASH_RANGE_INCOMPLETE, LEASE_TABLE_OTHER_STREAM,
   * KINESIS_STREAM_RECREATED
   */
  async start(signal: AbortSignal): Promise<void> {
    const { retry, view, late } = this.deps;
    // Where the taker is at work already the view lives on its scans: an older one would hide rows that it has seen.
    await this.#complete(signal, ({ leases, at }) => {
      if (!late) {
        view.scanned(leases, at.monotonic, retry.clock.monotonic());
      }
    });
  }

  /**
   * Looks whether the stream is still the one that was described first.
   * @throws ConnectorError KINESIS_STREAM_RECREATED, and what cannot heal
   */
  async check(signal: AbortSignal): Promise<void> {
    await this.#plan.describe(signal);
  }

  /** `start`, while leases are taken and renewed. */
  async mend(signal: AbortSignal): Promise<void> {
    await this.#plan.describe(signal);
    await this.#complete(signal, () => undefined);
  }

  /**
   * The instant that a row means which names none, as those of KCL workers: of LATEST, where this table starts or this
   * worker has begun; of AT_TIMESTAMP, the configured one. Milliseconds since the epoch; undefined: nobody knows.
   */
  startAt({ checkpoint }: Lease): number | undefined {
    const { initialPosition, view } = this.deps;
    if (checkpoint.sequenceNumber === 'AT_TIMESTAMP' && initialPosition.type !== 'AT_TIMESTAMP') {
      return undefined;
    }
    return instantOf(this.#plan.start(view.startAt())) ?? this.#plan.begunAt;
  }

  /** Every shard that Kinesis names, closed ones too. @throws what cannot heal */
  shards(signal: AbortSignal): Promise<ReadonlyMap<string, Shard>> {
    return this.#plan.shards(signal);
  }

  /** @throws what cannot heal */
  async snapshot(signal: AbortSignal): Promise<ShardSnapshot> {
    await this.#plan.describe(signal);
    const shards = await this.#plan.shards(signal);
    const { view } = this.deps;
    const start = this.#plan.start(view.startAt());
    return { shards, openAtStart: await this.#plan.openAtStart(shards, view.leases(), start, signal) };
  }

  /** Rows of the oldest ancestors, `shardId` among them, that the table lacks and that lead to `shardId`. */
  async createAncestry(
    shardId: string,
    { shards, openAtStart }: ShardSnapshot,
    signal: AbortSignal,
  ): Promise<void> {
    const { view, retry } = this.deps;
    const check = this.#soon(now(retry.clock));
    const start = this.#plan.start(view.startAt());
    const missing = missingLeases(ancestry(shardId, shards), statesOf(view.leases()), start, openAtStart);
    await this.#creation.createAll(this.#plan.rows(missing, start), signal, check);
  }

  /**
   * Rows of the children of a shard that has ended, before its SHARD_END is written.
   * @throws ConnectorError LEASE_LOST of the parent
   */
  async createChildren(parent: HeldLease, children: readonly ChildShard[]): Promise<void> {
    const startAt = this.deps.view.startAt();
    const rows = children.map((child) => this.#plan.row(child, TRIM_HORIZON, child.parentShards, startAt));
    await this.#creation.createAll(rows, parent.signal, () => parent.require());
  }

  /**
   * Rows of shards without a leased ancestor: those below `parent` whose parents have vanished as it has.
   * @throws ConnectorError LEASE_LOST of the parent, KINESIS_STREAM_RECREATED, LEASE_TABLE_OTHER_STREAM
   */
  async createMissing(parent: HeldLease): Promise<void> {
    const { view } = this.deps;
    const leases = view.leases();
    const shards = await this.#plan.shards(parent.signal);
    requireSameStream(this.deps.stream, leases, shards);
    const missing = missingLeases([...shards.values()], statesOf(leases), FROM_BEGINNING);
    const rows = this.#plan.rows(missing, this.#plan.start(view.startAt()));
    await this.#creation.createAll(rows, parent.signal, () => parent.require());
  }

  /** Scans and creates until nothing is missing. */
  async #complete(signal: AbortSignal, scanned: (scan: StreamScan) => void): Promise<void> {
    const { retry, rows, isGone } = this.deps;
    for (let before = 0, complete = false; !complete && !isGone(); ) {
      const scan = await retrying(retry, signal, () => rows.scan(signal));
      scanned(scan);
      const seenBefore = before;
      before = scan.leases.length;
      complete = await this.#pass(scan, seenBefore, signal).catch((error) => {
        if (error instanceof StalePlan) {
          return false;
        }
        throw error;
      });
    }
  }

  /**
   * @param before rows that the scan before it showed
   * @returns false when the table has to be looked at again
   */
  async #pass(scan: StreamScan, before: number, signal: AbortSignal): Promise<boolean> {
    const { initialPosition, rows, view, retry } = this.deps;
    const frozen = smallestStartAt(scan.leases, view.startAt());
    if (scan.leases.length === 0) {
      return this.#bootstrap(this.#startOfNew(frozen, scan), this.#soon(scan.at), signal);
    }
    if (frozen === undefined && initialPosition.type === 'LATEST') {
      const { shardId } = anchorOfKcl(scan.leases) ?? {};
      if (shardId !== undefined) {
        const startAt = this.#plan.begunAt;
        await retrying(retry, signal, () => rows.fill(shardId, { startAt }, signal));
        return false;
      }
    }
    return this.#fillGaps(scan, before, this.#plan.start(frozen), signal);
  }

  /**
   * Where a stream without rows starts. One that came after the application had begun is read from its beginning,
   * whatever the configuration says: nothing in it was there before. See start-anchor.ts.
   */
  #startOfNew(
    frozen: number | undefined,
    { othersBegan = Number.POSITIVE_INFINITY }: StreamScan,
  ): StartPosition {
    const { initialPosition, late } = this.deps;
    const isNew = late || this.#plan.described.createdAt > othersBegan;
    return isNew && frozen === undefined && initialPosition.type === 'LATEST'
      ? FROM_BEGINNING
      : this.#plan.start(frozen, true);
  }

  /** No row of the stream stands in the table: see start-anchor.ts. */
  async #bootstrap(start: StartPosition, check: () => void, signal: AbortSignal): Promise<boolean> {
    const startAt = instantOf(start);
    const rows = await this.#plan.first(start, signal);
    if (this.deps.isGone()) {
      return true;
    }
    const anchor =
      startAt !== undefined
        ? anchorAmong(rows, startAt, this.#plan.described.arn)
        : this.deps.initialPosition.type === 'LATEST'
          ? rows.find(({ shardId }) => shardId === ANCHOR)
          : undefined;
    if (anchor !== undefined && !(await this.#creation.create(anchor, signal, check))) {
      return false;
    }
    await this.#creation.createAll(rows, signal, check);
    return true;
  }

  /** A table in use. */
  async #fillGaps(
    { leases, at }: StreamScan,
    before: number,
    start: StartPosition,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { retry } = this.deps;
    const shards = await this.#plan.shards(signal);
    requireSameStream(this.deps.stream, leases, shards);
    const rows = await this.#plan.missing(leases, shards, start, signal);
    if (rows.length > MANY_ROWS && leases.length > before) {
      // Another worker may be at it: as long as rows are added, they are not paid for twice.
      const lookAgain = Math.max(LOOK_AGAIN_MS, rows.length / ROWS_A_MS);
      await sleep(retry.clock, lookAgain * (1 + retry.random.next()), signal);
      return false;
    }
    await this.#creation.createAll(rows, signal, this.#soon(at));
    return true;
  }

  /** Lets what was planned at `since` be carried out for a while: see start-anchor.ts. */
  #soon(since: Instant): () => void {
    const span = PLAN_FAILOVERS * this.deps.failoverTime;
    const end = { monotonic: since.monotonic + span, wall: since.wall + span };
    return () => {
      if (timeLeft(this.deps.retry.clock, end) <= 0) {
        throw new StalePlan('what was planned has lain for too long');
      }
    };
  }
}

/** The table may have moved on since: it is looked at again. */
class StalePlan extends Error {}
