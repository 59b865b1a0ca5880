import type { ProducerSettings } from '../config/types';
import { ConnectorError } from '../errors';
import type { Clock } from '../util/clock';
import type { MemoryBroker } from './memory-broker';
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
  readonly #producers = new Set<{ close(deadlineMs: number): Promise<void> }>();
  #closed = false;

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

  async createProducer<M extends OutgoingMessage>(options: ProducerOptions<M>): Promise<Producer<M>> {
    if (this.#closed) {
      throw new ConnectorError('PULSAR_CLOSED', 'the transport was closed');
    }
    try {
      const producer: MemoryProducer<M> = new MemoryProducer<M>({
        ...options,
        broker: this.broker,
        budget: this.#budget,
        clock: this.#clock,
        sendTimeout: this.#settings.sendTimeout,
        closed: () => this.#producers.delete(producer),
      });
      this.#producers.add(producer);
      return producer;
    } catch (error) {
      throw connectorError(error, options.topic);
    }
  }

  async subscribe(options: ConsumerOptions): Promise<Consumer> {
    throw new ConnectorError('NOT_AVAILABLE_YET', `memory:// cannot be consumed from`, {
      found: options.topic,
    });
  }

  async close(deadlineMs: number): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#producers].map((producer) => producer.close(deadlineMs)));
  }
}
