import type { ProducerSettings, PulsarSettings } from '../../../src/config/types';
import type { OutgoingMessage, ProducerTransport } from '../../../src/pulsar/transport';
import type { Logger } from '../../../src/util/logger';
import type { SimulatedProcess } from '../simulated-process';
import type { Lane } from './claim';
import type { Dice } from './dice';

/** One process of a fleet, as Pulsar is reached from it. */
export interface PulsarUser {
  readonly worker: string;
  readonly process: SimulatedProcess;
  readonly logger: Logger;
  readonly pulsar: PulsarSettings;
  readonly producer: ProducerSettings;
}

/** What a fleet sends to. */
export interface FleetPulsar {
  /** What one process sends through. */
  transport(user: PulsarUser): ProducerTransport;
  /** `lane` is about to send `message`. */
  leaves(message: OutgoingMessage, lane: Lane): void;
  /** The topic gets more partitions, if it has some. */
  grow(dice: Dice): void;
  /** Something goes wrong with what is sent. */
  strike(dice: Dice): void;
  /** A process was killed. */
  killed(worker: string): void;
  /** From now on nothing goes wrong. */
  heal(): void;
}
