import type { Random } from '../../util/random';
import { ConnectionPool } from './connection-pool';
import { Consumer, type ConsumerOptions } from './consumer';
import type { ConnectionSettings } from './endpoint';
import type { OutgoingMessage } from './message';
import { PendingBudget, type PendingLimits } from './pending-budget';
import { Producer } from './producer';
import type { ProducerEvents, ProducerSettings } from './producer-parts';
import { ProtocolError } from './protocol-error';
import { TopicLookup } from './topic-lookup';
import { fullTopicName } from './topic-name';

export interface ClientSettings extends ConnectionSettings {
  readonly random: Random;
  /** `pulsar://host:port`, several hosts with commas. */
  readonly serviceUrl: string;
  readonly producer: Omit<ProducerSettings, 'operationTimeout'>;
  /** Of all producers together. */
  readonly pending: PendingLimits;
}

export interface ProducerRequest<M extends OutgoingMessage> {
  readonly topic: string;
  readonly producerName?: string;
  readonly mayStillSend?: () => boolean;
  readonly events: ProducerEvents<M>;
}

/** A client of one Pulsar cluster over its binary protocol. */
export class PulsarClient {
  readonly #settings: ClientSettings;
  readonly #abort = new AbortController();
  readonly #lookup: TopicLookup;
  readonly #budget: PendingBudget;
  readonly #producers = new Set<{ close(deadlineMs: number): Promise<void> }>();
  #lastId = 0;

  /** @throws ProtocolError invalid-url */
  constructor(settings: ClientSettings) {
    this.#settings = settings;
    this.#lookup = new TopicLookup(new ConnectionPool(settings, this.#abort.signal), settings.serviceUrl);
    this.#budget = new PendingBudget(settings.pending);
  }

  /** @throws ProtocolError after tries within the operation time-out. */
  async createProducer<M extends OutgoingMessage>(request: ProducerRequest<M>): Promise<Producer<M>> {
    const { clock, random, logger, producer: settings, operationTimeout } = this.#settings;
    const producer: Producer<M> = await Producer.open<M>({
      clock,
      random,
      logger,
      lookup: this.#lookup,
      budget: this.#budget,
      settings: { ...settings, operationTimeout },
      producerId: ++this.#lastId,
      topic: fullTopicName(request.topic),
      ...(request.producerName === undefined ? {} : { producerName: request.producerName }),
      mayStillSend: request.mayStillSend ?? (() => true),
      events: request.events,
      signal: this.#abort.signal,
      closed: () => this.#producers.delete(producer),
    });
    this.#producers.add(producer);
    return producer;
  }

  /** @throws ProtocolError */
  subscribe(options: ConsumerOptions): Promise<Consumer> {
    return Consumer.subscribe(this.#lookup, ++this.#lastId, {
      ...options,
      topic: fullTopicName(options.topic),
    });
  }

  /** Closes every producer, by force at `deadlineMs` from now, then every connection. Never rejects. */
  async close(deadlineMs: number): Promise<void> {
    await Promise.all([...this.#producers].map((producer) => producer.close(deadlineMs)));
    this.#abort.abort(new ProtocolError('closed', 'the client was closed'));
  }
}
