import type { ProducerSettings } from '../config/types';
import { ConnectorError } from '../errors';
import type { Clock } from '../util/clock';
import type { MemoryBroker } from './memory-broker';
import { MemoryConsumer } from './memory-consumer';
import { MemoryProducer } from './memory-producer';
import { PendingBudget } from './protocol';
import { connectorError } from './protocol-errors';
import type {
  Consumer,
  ConsumerOptions,
  OutgoingMessage,
  Producer,
  ProducerOptions,
  Transport,
} from './transport';

/** `memory://`: topics of a MemoryBroker in this process. */
export class MemoryTransport implements Transport {
  readonly broker: MemoryBroker;
  readonly #settings: ProducerSettings;
  readonly #clock: Clock;
  readonly #budget: PendingBudget;
  readonly #parts = new Set<{ close(deadlineMs: number): Promise<unknown>; crash(): void }>();
  #state: 'OPEN' | 'CLOSED' | 'CRASHED' = 'OPEN';

  constructor(broker: MemoryBroker, settings: ProducerSettings, clock: Clock) {
    this.broker = broker;
    this.#settings = settings;
    this.#clock = clock;
    this.#budget = new PendingBudget({
      messages: settings.maxPendingMessages,
      bytes: settings.maxPendingBytes,
    });
  }

  get maxMessageBytes(): number {
    return this.broker.behaviour.maxMessageBytes;
  }

  /** The values are stored whole: nobody has to put chunks together. */
  get chunks(): boolean {
    return this.broker.behaviour.chunks;
  }

  /** A topic drops what a sequenced producer of that name has stored before. */
  readonly sequences = true;

  async createProducer<M extends OutgoingMessage>(options: ProducerOptions<M>): Promise<Producer<M>> {
    return this.#open(options.topic, (closed) => {
      const { broker } = this;
      const { sendTimeout, chunkingEnabled } = this.#settings;
      return new MemoryProducer<M>({
        ...options,
        chunked: this.chunks && (options.chunked ?? chunkingEnabled),
        broker,
        budget: this.#budget,
        clock: this.#clock,
        sendTimeout,
        closed,
      });
    });
  }

  async subscribe(options: ConsumerOptions): Promise<Consumer> {
    return this.#open(
      options.topic,
      (closed) => new MemoryConsumer({ ...options, broker: this.broker, clock: this.#clock, closed }),
    );
  }

  async close(deadlineMs: number): Promise<void> {
    if (this.#state !== 'CRASHED') {
      this.#state = 'CLOSED';
      await Promise.all([...this.#parts].map((part) => part.close(deadlineMs)));
    }
  }

  /**
   * Ends like its process: nothing more is sent, told or answered, and what its consumers had not settled goes
   * back to their subscriptions.
   */
  crash(): void {
    this.#state = 'CRASHED';
    for (const part of [...this.#parts]) {
      part.crash();
    }
  }

  async #open<P extends { close(deadlineMs: number): Promise<unknown>; crash(): void }>(
    topic: string,
    make: (closed: () => void) => P,
  ): Promise<P> {
    if (this.#state === 'CRASHED') {
      return new Promise(() => undefined);
    }
    if (this.#state === 'CLOSED') {
      throw new ConnectorError('PULSAR_CLOSED', 'the transport was closed');
    }
    try {
      const part = make(() => this.#parts.delete(part));
      this.#parts.add(part);
      return part;
    } catch (error) {
      throw connectorError(error, topic);
    }
  }
}
