import { Dice } from './dice';
import type { FleetPlan, PulsarPlan } from './fleet-plan';
import type { Worker } from './fleet-worker';
import type { FleetWorld } from './fleet-world';

const MOST_WORKERS = 6;
export const CALM = {
  lostWrites: 0,
  lostReads: 0,
  throttles: 0,
  throttledWrites: 0,
  slow: 0,
  hungReads: 0,
  cutEvents: 0,
  refusedSubscriptions: 0,
};

/** Puts on the agenda what happens in a life from `begin` on. */
export function writeScript(plan: FleetPlan, world: FleetWorld, begin: number): void {
  new FleetScript(plan, world).write(begin);
}

class FleetScript {
  readonly #plan: FleetPlan;
  readonly #world: FleetWorld;
  readonly #dice: Dice;

  constructor(plan: FleetPlan, world: FleetWorld) {
    this.#plan = plan;
    this.#world = world;
    this.#dice = new Dice(world.random);
  }

  write(begin: number): void {
    const { workers, trouble, length } = this.#plan;
    const { agenda, streams } = this.#world;
    const often = (most: number, action: () => void): void => {
      for (let left = this.#dice.some(most + 1); left > 0; left--) {
        agenda.at(begin + this.#world.random.next() * length, action);
      }
    };
    for (let n = 0; n < workers; n++) {
      agenda.at(begin + (this.#dice.chance(0.5) ? 0 : this.#dice.some(2000)), () => this.#join());
    }
    agenda.at(begin, () => streams.put(5));
    often(12, () => streams.put(this.#dice.some(12)));
    often(3, () => streams.reshard());
    often(3, () => this.#join());
    often(1, () => this.#leave());
    often(2, () => this.#restart());
    if (this.#plan.pulsar !== undefined) {
      this.#befall(this.#plan.pulsar, often);
    }
    if (trouble === 'faults' || trouble === 'deaths') {
      often(4, () => this.#storm());
      often(4, () => this.#failSends());
      often(1, () => streams.deregister());
    }
    if (trouble === 'deaths') {
      often(2, () => this.#dice.with(this.#world.running, (worker) => this.#world.kill(worker)));
      often(2, () => this.#dice.with(this.#world.running, (worker) => this.#pause(worker)));
      often(2, () => this.#dice.with(this.#world.running, (worker) => this.#cutOff(worker)));
      often(1, () =>
        this.#dice.with(this.#world.running, (worker) =>
          this.#world.jump(worker, this.#dice.some(8000) - 4000),
        ),
      );
    }
  }

  #befall(
    { guarantee, strikes, growths }: PulsarPlan,
    often: (most: number, action: () => void) => void,
  ): void {
    const { trouble } = this.#plan;
    const { pulsar } = this.#world;
    often(growths, () => pulsar.grow(this.#dice));
    if (trouble === 'faults' || trouble === 'deaths') {
      often(strikes, () => pulsar.strike(this.#dice));
    }
    if (trouble === 'deaths' && guarantee === 'EFFECTIVELY_ONCE') {
      often(2, () => this.#world.interfere(this.#dice));
    }
  }

  #join(): void {
    const { running } = this.#world;
    if (running.length < MOST_WORKERS) {
      this.#world.start();
    }
  }

  #leave(): void {
    const { running } = this.#world;
    const [worker] = running.slice(this.#dice.some(running.length));
    if (running.length > 1 && worker !== undefined) {
      this.#world.retire(worker);
    }
  }

  /** One worker after the other gets a successor, or only one of them. */
  #restart(): void {
    const { running, agenda } = this.#world;
    const old = this.#dice.chance(0.5) ? running : running.slice(0, 1);
    for (const [place, worker] of old.entries()) {
      const at = place * 1500;
      agenda.in(at, () => this.#join());
      agenda.in(at + this.#dice.some(2000), () => this.#world.retire(worker));
    }
  }

  #storm(): void {
    const { readerStallTimeout, length } = this.#plan;
    const { running, random } = this.#world;
    const often = (most: number): number => (this.#dice.chance(0.5) ? random.next() * most : 0);
    const storm = {
      lostWrites: often(0.5),
      lostReads: often(0.3),
      throttles: often(0.3),
      slow: often(0.4),
      // Only where somebody notices soon.
      hungReads: readerStallTimeout < length ? often(0.4) : 0,
      cutEvents: often(0.5),
      refusedSubscriptions: often(0.7),
    };
    for (const { weather } of running) {
      Object.assign(weather, this.#dice.chance(0.3) ? CALM : storm);
    }
  }

  #failSends(): void {
    this.#world.pulsar.strike(this.#dice);
  }

  /** Half of the pauses end about when the lease does. */
  #pause(worker: Worker): void {
    const { failoverTime } = this.#plan;
    const ms = this.#dice.chance(0.5)
      ? failoverTime - 1000 + this.#dice.some(2000)
      : this.#dice.some(3 * failoverTime);
    this.#world.pause(worker, ms);
  }

  /** Its writes are refused while it reads on and sends; or neither lease table nor stream answer it any more. */
  #cutOff({ name, weather }: Worker): void {
    const cut = this.#dice.chance(0.5)
      ? { throttledWrites: 1 }
      : { lostWrites: this.#dice.chance(0.5) ? 1 : 0.9, lostReads: this.#dice.chance(0.5) ? 1 : 0.5 };
    this.#world.history.note(`is cut off: ${Object.keys(cut).join()}`, name);
    Object.assign(weather, cut);
    this.#world.agenda.in(this.#dice.some(3 * this.#plan.failoverTime), () => {
      this.#world.history.note('is reached again', name);
      Object.assign(weather, CALM);
    });
  }
}
