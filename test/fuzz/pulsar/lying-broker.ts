import { seededRandom } from '../../../src/util/random';
import { FakePulsarBroker } from '../../support/fake-pulsar-broker';
import type { ManualClock } from '../../support/manual-clock';
import type { ProcessGate } from '../../support/sink-fleet/process-gate';
import { SimulatedSocket } from '../../support/sink-fleet/simulated-socket';
import { Dice } from './dice';
import { lyingFrame } from './lying-frames';

/** Nothing is killed or paused: what passes, passes. */
const OPEN_GATE = { pass: (_step: string, work: () => void) => work() } as unknown as ProcessGate;

const LATENCY_MS = 3;

/** A broker behind sockets of this process that, for a while, says what it should not beside what it should. */
export class LyingBroker {
  readonly broker = new FakePulsarBroker();
  readonly #clock: ManualClock;
  readonly #dice: Dice;
  readonly #standing = new Set<SimulatedSocket>();
  /** Lies so far, each of which may have been told to several connections. */
  told = 0;
  #lies = true;

  constructor(seed: number, clock: ManualClock) {
    this.#clock = clock;
    this.#dice = new Dice(seededRandom(seed));
  }

  /** A connection to it, whatever the address. */
  connect(): SimulatedSocket {
    const dice = this.#dice;
    return SimulatedSocket.connect(
      { clock: this.#clock, gate: OPEN_GATE, latency: () => dice.below(LATENCY_MS) },
      (far) => this.#accept(far),
    );
  }

  /** Says something wrong to everyone who is there. */
  lie(): void {
    if (this.#dice.once(15)) {
      // That is none, but it finds clients where they seldom are.
      this.broker.unload();
      return;
    }
    const bytes = this.#lie();
    for (const far of this.#standing) {
      far.write(bytes);
      if (this.#dice.once(10)) {
        far.destroy();
      }
    }
  }

  /** From now on it does what a broker does. */
  reform(): void {
    this.#lies = false;
  }

  #accept(far: SimulatedSocket): void {
    const write = far.write.bind(far);
    far.write = (bytes, taken) => write(this.#maybeWrong(bytes), taken);
    this.#standing.add(far);
    far.on('close', () => this.#standing.delete(far));
    this.broker.accept(far.asSocket);
    if (this.#lies && this.#dice.once(6)) {
      // Before the client has said a word.
      write(this.#lie());
    }
  }

  #maybeWrong(bytes: Buffer): Buffer {
    const dice = this.#dice;
    if (!this.#lies || !dice.once(12)) {
      return bytes;
    }
    if (dice.once(2)) {
      return Buffer.concat([bytes, this.#lie()]);
    }
    this.told++;
    return dice.mutated(bytes);
  }

  #lie(): Buffer {
    this.told++;
    return lyingFrame(this.#dice);
  }
}
