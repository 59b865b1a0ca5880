import type { ProducerSettings } from '../config/types';
import { ConnectorError } from '../errors';
import type { Clock } from '../util/clock';
import { type Logger, silentLogger } from '../util/logger';
import { seededRandom } from '../util/random';
import type { MemoryBroker } from './memory-broker';
import { MemoryConsumer } from './memory-consumer';
import { MemoryProducer } from './memory-producer';
import { PendingBudget } from './protocol';
import { connectorError } from './protocol-errors';
import { subscribeTo } from './topic-service';
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
  readonly #logger: Logger;
  readonly #random = seededRandom(1);
  readonly #budget: PendingBudget;
  readonly #parts = new Set<{ close(deadlineMs: number): Promise<unknown>; crash(): void }>();
  #state: 'OPEN' | 'CLOSED' | 'CRASHED' = 'OPEN';

  constructor(broker: MemoryBroker, settings: ProducerSettings, clock: Clock, logger: Logger = silentLogger) {
    this.#logger = logger;
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
    if (this.#state !== 'OPEN') {
      return this.#ended();
    }
    const { broker } = this;
    const { consumerName = broker.chosenName() } = options;
    const parts = { ...options, consumerName, broker, clock: this.#clock };
    try {
      return await subscribeTo(options, {
        clock: this.#clock,
        random: this.#random,
        logger: this.#logger,
        partitions: async (topic) => broker.partitionsOf(topic),
        topics: async (namespace) =>
          broker.topics.filter((topic) => topic.startsWith(`persistent://${namespace}/`)),
        open: (topic, limits, ready) =>
          this.#open(topic, (closed) => new MemoryConsumer({ ...parts, topic, limits, ready, closed })),
        opened: (consumer) => this.#parts.add(consumer),
        closed: (consumer) => this.#parts.delete(consumer),
      });
    } catch (error) {
      throw connectorError(error, options.topic);
    }
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
    if (this.#state !== 'OPEN') {
      return this.#ended();
    }
    try {
      const part = make(() => this.#parts.delete(part));
      this.#parts.add(part);
      return part;
    } catch (error) {
      throw connectorError(error, topic);
    }
  }

  /** What is asked of it when it has ended: of a process that has died nothing is ever heard. */
  async #ended(): Promise<never> {
    if (this.#state === 'CRASHED') {
      return new Promise(() => undefined);
    }
    throw new ConnectorError('PULSAR_CLOSED', 'the transport was closed');
  }
}
