import { decompressionReady } from '../../../src/pulsar/protocol/decompression';
import { Dice } from '../fleet/dice';
import type { LifeResult } from '../fleet/lives';
import { drained } from '../manual-clock';
import type { SinkMutation } from './sink-mutations';
import { type SinkPlan, type SinkTrouble, sinkPlan } from './sink-plan';
import { SinkWorld } from './sink-world';

const MOST_WORKERS = 4;
/** Milliseconds after the last trouble within which everything has to be stored and acknowledged. */
const HEAL_MS = 120_000;
const LOOK_MS = 500;

export interface SinkLifeOptions {
  readonly mutation?: SinkMutation | undefined;
  readonly trouble?: SinkTrouble | undefined;
}

/** One life of a topic that sinks export; everything in it follows from the seed. */
export async function sinkLife(seed: number, options: SinkLifeOptions = {}): Promise<LifeResult> {
  const { mutation, trouble } = options;
  const plan = sinkPlan(seed, trouble);
  await decompressionReady();
  const world = new SinkWorld(plan, mutation?.bug);
  const undo = mutation?.plant?.();
  try {
    // A turn of its own: what the life before left behind ends first.
    await new Promise(setImmediate);
    await new SinkLife(plan, world).run();
    await drained();
  } finally {
    undo?.();
  }
  const { messages } = world.audit;
  const { subscription, retainOrdering } = plan.settings;
  const fate = plan.crash === undefined ? '' : `: ${plan.crash.fate} step ${plan.crash.nth}`;
  return {
    seed,
    kind: `sinks, ${subscription}${retainOrdering ? ' in order' : ''}, ${plan.trouble}${fate}`,
    records: messages.length,
    duplicates: messages.reduce((sum, { copies }) => sum + Math.max(0, copies - 1), 0),
    steals: 0,
    virtualMs: world.clock.monotonic(),
    met: world.met,
    history: world.history,
  };
}

class SinkLife {
  readonly #plan: SinkPlan;
  readonly #world: SinkWorld;
  readonly #dice: Dice;

  constructor(plan: SinkPlan, world: SinkWorld) {
    this.#plan = plan;
    this.#world = world;
    this.#dice = new Dice(world.random);
  }

  async run(): Promise<void> {
    const { length, trouble, settings } = this.#plan;
    const { agenda, audit, history } = this.#world;
    history.note(JSON.stringify(settings));
    this.#script();
    await agenda.runUntil(length);
    agenda.clear();
    this.#world.heal();
    await this.#settle();
    await this.#end();
    if (history.problems.length === 0) {
      audit.finish();
    }
    // A failover subscription gives what is not acknowledged to whoever comes before in its order of names.
    if (trouble === 'calm' && settings.subscription !== 'Failover') {
      for (const message of audit.messages.filter((one) => one.copies > 1 + one.unanswered)) {
        audit.broken(
          `G8 message ${message.index} is there ${message.copies} times, and nothing happened`,
          message,
        );
      }
    }
  }

  /** Writes down what will happen in this life. */
  #script(): void {
    const { instances, trouble, length } = this.#plan;
    const { agenda, random } = this.#world;
    const often = (most: number, action: () => void): void => {
      for (let left = this.#dice.some(most + 1); left > 0; left--) {
        agenda.at(random.next() * length, action);
      }
    };
    for (let n = 0; n < instances; n++) {
      agenda.at(this.#dice.chance(0.5) ? 0 : this.#dice.some(2000), () => this.#join());
    }
    for (let at = LOOK_MS; at < length; at += LOOK_MS) {
      agenda.at(at, () => this.#look());
    }
    agenda.at(0, () => this.#world.publish(20));
    often(14, () => this.#world.publish(1 + this.#dice.some(12)));
    often(1, () => this.#world.publish(60));
    often(3, () => this.#world.reshard());
    often(2, () => this.#join());
    often(2, () => this.#leave());
    often(1, () => this.#restart());
    if (trouble !== 'calm' && trouble !== 'steps') {
      agenda.at(0, () => this.#storm());
      often(5, () => this.#storm());
      often(1, () => this.#world.stream.limit(random));
      often(1, () => this.#outage());
    }
    if (trouble === 'faults' || trouble === 'deaths') {
      often(3, () => this.#dice.with(this.#world.running, (worker) => worker.cut()));
      often(2, () => this.#troublePulsar());
      often(1, () => this.#world.unload());
    }
    if (trouble === 'deaths') {
      const { requestTimeout } = this.#plan.settings;
      often(2, () => this.#dice.with(this.#world.running, (worker) => worker.kill()));
      often(2, () =>
        this.#dice.with(this.#world.running, (worker) => worker.pause(this.#dice.some(4 * requestTimeout))),
      );
    }
  }

  #look(): void {
    for (const worker of this.#world.workers) {
      worker.look();
    }
  }

  #join(): void {
    if (this.#world.running.length < MOST_WORKERS) {
      this.#world.start();
    }
  }

  #leave(): void {
    if (this.#world.running.length > 1) {
      this.#dice.with(this.#world.running, (worker) => worker.retire());
    }
  }

  /** One worker after the other gets a successor, before or after it goes. */
  #restart(): void {
    const { running, agenda } = this.#world;
    for (const [place, worker] of running.entries()) {
      const at = place * 700;
      agenda.in(at + this.#dice.some(500), () => worker.retire());
      agenda.in(at + this.#dice.some(500), () => this.#join());
    }
  }

  #storm(): void {
    const { puts, listings, random } = this.#world;
    const doubtful = this.#plan.trouble !== 'refusals';
    const often = (most: number): number => (this.#dice.chance(0.4) ? random.next() * most : 0);
    Object.assign(puts, {
      refused: this.#dice.chance(0.15) ? 1 : often(0.7),
      throttled: often(0.4),
      failed: often(0.3),
      lost: doubtful ? often(0.4) : 0,
      late: doubtful ? often(0.3) : 0,
      slow: doubtful ? often(0.4) : 0,
    });
    Object.assign(listings, { lostReads: often(0.3), throttles: often(0.3), slow: often(0.3) });
  }

  /** Nobody reaches Kinesis for a while. */
  #outage(): void {
    const { puts, agenda, history } = this.#world;
    const doubtful = this.#plan.trouble !== 'refusals';
    puts.outage = doubtful && this.#dice.chance(0.5) ? 'silent' : 'refused';
    history.note(`outage: ${puts.outage}`);
    agenda.in(500 + this.#dice.some(8000), () => {
      puts.outage = 'none';
    });
  }

  /** Acknowledgements and dead letters do not get through for a while, or nobody who connects. */
  #troublePulsar(): void {
    const { topic, agenda, history } = this.#world;
    Object.assign(topic.weather, {
      acknowledgements: this.#dice.chance(0.7) ? 0.5 : 0,
      sends: this.#dice.chance(0.7) ? 0.5 : 0,
      away: this.#dice.chance(0.3),
    });
    history.note(`Pulsar: ${JSON.stringify(topic.weather)}`);
    agenda.in(this.#dice.some(3000), () => {
      Object.assign(topic.weather, { acknowledgements: 0, sends: 0, away: false });
    });
  }

  async #settle(): Promise<void> {
    const { agenda, clock, topic, history } = this.#world;
    const until = clock.monotonic() + HEAL_MS;
    while (topic.backlog > 0 && clock.monotonic() < until && history.problems.length === 0) {
      if (this.#world.running.length === 0) {
        this.#world.start();
      }
      await agenda.runUntil(clock.monotonic() + LOOK_MS);
      this.#look();
    }
    if (topic.backlog > 0 && history.problems.length === 0) {
      history.broken(
        `the end: ${topic.backlog} entries are not settled ${HEAL_MS} ms after the last trouble`,
      );
    }
  }

  /** Everybody stops in order. */
  async #end(): Promise<void> {
    const { workers, agenda, clock, history } = this.#world;
    for (const worker of workers) {
      worker.retire();
    }
    const over = (): boolean => workers.every(({ state }) => state === 'ended' || state === 'killed');
    const until = clock.monotonic() + HEAL_MS;
    while (!over() && clock.monotonic() < until && history.problems.length === 0) {
      await agenda.runUntil(clock.monotonic() + LOOK_MS);
    }
    if (!over() && history.problems.length === 0) {
      history.broken('the end: a worker does not stop');
    }
  }
}
