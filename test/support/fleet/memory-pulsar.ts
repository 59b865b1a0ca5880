import { MemoryBroker } from '../../../src/pulsar/memory-broker';
import { MemoryTransport } from '../../../src/pulsar/memory-transport';
import type { OutgoingMessage, ProducerTransport } from '../../../src/pulsar/transport';
import type { Clock } from '../../../src/util/clock';
import type { Random } from '../../../src/util/random';
import type { Lane } from './claim';
import type { Dice } from './dice';
import type { FleetPulsar, PulsarUser } from './fleet-pulsar';

export interface MemoryPulsarParts {
  readonly clock: Clock;
  readonly random: Random;
  /** Milliseconds that a send takes at most. */
  readonly sendMs: number;
  readonly stored: (lane: Lane, message: OutgoingMessage) => void;
}

/** Pulsar without a protocol: what is sent is stored a while later, in order. */
export class MemoryPulsar implements FleetPulsar {
  readonly #clock: Clock;
  readonly #broker = new MemoryBroker();
  readonly #sentBy = new WeakMap<OutgoingMessage, Lane>();

  constructor({ clock, random, sendMs, stored }: MemoryPulsarParts) {
    this.#clock = clock;
    Object.defineProperty(this.#broker.behaviour, 'latencyMs', { get: () => 1 + random.next() * sendMs });
    // Nothing is kept: the audit has looked at it.
    this.#broker.store = (_topic, message) => {
      const lane = this.#sentBy.get(message);
      if (lane !== undefined) {
        stored(lane, message);
      }
    };
  }

  /** On the clock of the world: what has left a process arrives without it. */
  transport({ producer }: PulsarUser): ProducerTransport {
    return new MemoryTransport(this.#broker, producer, this.#clock);
  }

  leaves(message: OutgoingMessage, lane: Lane): void {
    this.#sentBy.set(message, lane);
  }

  grow(): void {
    // It has no partitions.
  }

  strike(dice: Dice): void {
    if (dice.chance(0.7)) {
      this.#broker.behaviour.failNext = 1 + dice.some(2);
    } else {
      this.#broker.behaviour.loseReceipts = 1;
    }
  }

  killed(): void {
    // What it has sent arrives all the same.
  }

  heal(): void {
    Object.assign(this.#broker.behaviour, { failNext: 0, loseReceipts: 0 });
  }
}
