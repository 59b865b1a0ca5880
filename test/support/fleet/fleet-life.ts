import { randomInt } from '../../../src/util/random';
import { drained } from '../manual-clock';
import { type FleetPlan, fleetPlan, type Trouble } from './fleet-plan';
import { CALM, writeScript } from './fleet-script';
import { FleetWorld } from './fleet-world';
import type { LifeResult } from './lives';
import type { Mutation } from './mutation';
import { unsettled } from './settlement';

/** Milliseconds after the last trouble within which everything has to be delivered, owned and balanced. */
const HEAL_MS = 60_000;
/** Milliseconds after which the row of a finished shard is gone, when nothing happens any more. */
const CLEANED_MS = 150_000;
const LOOK_MS = 250;
/** Enough for every shard to get one. */
const FIRST_RECORDS = 60;

export interface FleetLifeOptions {
  readonly mutation?: Mutation | undefined;
  readonly trouble?: Trouble | undefined;
}

/** One life of a fleet; everything in it follows from the seed. */
export async function fleetLife(seed: number, options: FleetLifeOptions = {}): Promise<LifeResult> {
  const { mutation, trouble = mutation?.trouble } = options;
  const plan = fleetPlan(seed, { trouble, point: mutation?.point?.(seed), plan: mutation?.plan });
  const world = new FleetWorld(plan, mutation);
  const undo = mutation?.plant?.();
  try {
    // A turn of its own: what the life before left behind ends first.
    await new Promise(setImmediate);
    await new FleetLife(plan, world).run();
    await drained();
  } finally {
    undo?.();
  }
  const { history, records, lanes, leases, clock } = world;
  return {
    seed,
    kind: kindOf(plan),
    records: records.count,
    duplicates: lanes.duplicates,
    steals: leases.steals,
    virtualMs: clock.monotonic(),
    met: world.watch.met,
    history,
  };
}

/** For example `fleet, deaths; EFFECTIVELY_ONCE, 2 partitions`. */
function kindOf({ trouble, point, pulsar }: FleetPlan): string {
  const at = point === undefined ? '' : `: ${Object.values(point).join(' ')}`;
  const to = pulsar === undefined ? '' : `; ${pulsar.guarantee}, ${pulsar.partitions} partitions`;
  return `fleet, ${trouble}${at}${to}`;
}

class FleetLife {
  readonly #plan: FleetPlan;
  readonly #world: FleetWorld;

  constructor(plan: FleetPlan, world: FleetWorld) {
    this.#plan = plan;
    this.#world = world;
  }

  async run(): Promise<void> {
    const { length, trouble } = this.#plan;
    const { agenda, streams, clock } = this.#world;
    await agenda.runUntil(600);
    streams.begin();
    streams.put(this.#some(20));
    if (this.#plan.orphan) {
      streams.first.split();
      await agenda.runUntil(1200);
      streams.put(this.#some(20));
      await this.#world.orphan();
    }
    await agenda.runUntil(2000 + this.#some(1000));
    const begin = clock.monotonic();
    writeScript(this.#plan, this.#world, begin);
    await agenda.runUntil(begin + length);
    this.#heal();
    await this.#settle();
    if (this.#plan.cleaned) {
      await this.#cleanUp();
    }
    await this.#end();
    if (trouble === 'calm' && this.#world.lanes.duplicates > 0) {
      this.#world.history.broken(
        `G3 ${this.#world.lanes.duplicates} records came again, and nothing explains it`,
      );
    }
  }

  #heal(): void {
    const { workers, pulsar, history, agenda, watch } = this.#world;
    history.note('everything heals');
    agenda.clear();
    watch.disarm();
    for (const { weather } of workers) {
      Object.assign(weather, CALM);
    }
    pulsar.heal();
    if (this.#world.running.length === 0) {
      this.#world.start();
    }
  }

  async #settle(): Promise<void> {
    const { agenda, clock, records, history } = this.#world;
    const until = clock.monotonic() + HEAL_MS;
    let left = 'it has not begun' as string | undefined;
    while (left !== undefined && clock.monotonic() < until && history.problems.length === 0) {
      await agenda.runUntil(clock.monotonic() + LOOK_MS);
      left = unsettled(this.#plan, this.#world);
    }
    if (left !== undefined && history.problems.length === 0) {
      history.broken(`the end: ${left} ${HEAL_MS} ms after the last trouble`);
      records.reportLost();
    }
  }

  /** Every shard gets records, so that none waits for its first one; then nothing happens any more. */
  async #cleanUp(): Promise<void> {
    const { agenda, clock, streams, history } = this.#world;
    streams.put(FIRST_RECORDS);
    const until = clock.monotonic() + CLEANED_MS;
    let left = this.#deletable();
    while (left.length > 0 && clock.monotonic() < until) {
      await agenda.runUntil(clock.monotonic() + 5000);
      left = this.#deletable();
    }
    if (left.length > 0) {
      history.broken(`the end: ${left.length} rows of finished shards are left`, left[0]);
    }
  }

  /** Finished shards whose children have all begun. */
  #deletable(): string[] {
    const { leases, streams } = this.#world;
    const begun = (shardId: string): boolean =>
      /^(\d|SHARD_END)/.test(leases.rows.get(shardId)?.checkpoint.sequenceNumber ?? 'SHARD_END');
    return [...leases.rows.values()]
      .filter(({ checkpoint }) => checkpoint.sequenceNumber === 'SHARD_END')
      .map(({ shardId }) => shardId)
      .filter((shardId) => streams.childrenOf(shardId).every(begun));
  }

  /** Everybody stops in order: nothing may be left owned. */
  async #end(): Promise<void> {
    const { workers, agenda, clock, leases, history } = this.#world;
    for (const worker of workers) {
      this.#world.retire(worker);
    }
    const over = (): boolean => workers.every(({ state }) => state === 'ended' || state === 'killed');
    const until = clock.monotonic() + HEAL_MS;
    while (!over() && clock.monotonic() < until && history.problems.length === 0) {
      await agenda.runUntil(clock.monotonic() + LOOK_MS);
    }
    if (history.problems.length > 0) {
      return;
    }
    if (!over()) {
      history.broken('the end: a worker does not stop');
    }
    for (const row of leases.rows.values()) {
      // A take that was not answered before its worker ended is left to run out.
      if (row.owner !== undefined && this.#plan.trouble === 'calm') {
        history.broken(`the end: ${row.shardId} was not given up`, row.shardId);
      }
    }
  }

  #some(bound: number): number {
    return randomInt(this.#world.random, bound);
  }
}
