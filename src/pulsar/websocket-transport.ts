import type { ProducerSettings, PulsarSettings } from '../config/types';
import { ConnectorError } from '../errors';
import { fullTopicName, PendingBudget } from './protocol';
import { connectorError } from './protocol-errors';
import type {
  Consumer,
  ConsumerOptions,
  OutgoingMessage,
  Producer,
  ProducerOptions,
  Transport,
} from './transport';
import { WebSocketConsumer } from './websocket-consumer';
import { type DialerParts, WebSocketDialer } from './websocket-dialer';
import { maxValueBytes } from './websocket-frames';
import { WebSocketProducer } from './websocket-producer';
import type { FrameLimit } from './websocket-producer-parts';

/** `ws://`, `wss://`: Pulsar's WebSocket API, for networks where only HTTP passes. */
export class WebSocketTransport implements Transport {
  readonly chunks = false;
  /** Its messages have no place for a sequence id. */
  readonly sequences = false;
  readonly #settings: PulsarSettings;
  readonly #producer: ProducerSettings;
  readonly #parts: DialerParts;
  readonly #dialer: WebSocketDialer;
  readonly #frameLimit: FrameLimit;
  readonly #budget: PendingBudget;
  readonly #open = new Set<{ close(deadlineMs: number): Promise<unknown> }>();
  readonly #closed = new AbortController();

  /** @throws ConnectorError CONFIG_INVALID when the service URL is none of the WebSocket API. */
  constructor(pulsar: PulsarSettings, producer: ProducerSettings, parts: DialerParts) {
    this.#settings = pulsar;
    this.#producer = producer;
    this.#parts = parts;
    this.#dialer = new WebSocketDialer(pulsar, parts);
    this.#frameLimit = { bytes: pulsar.webSocketMaxFrameBytes };
    this.#budget = new PendingBudget({
      messages: producer.maxPendingMessages,
      bytes: producer.maxPendingBytes,
    });
  }

  get maxMessageBytes(): number {
    return maxValueBytes(this.#frameLimit.bytes);
  }

  async createProducer<M extends OutgoingMessage>(options: ProducerOptions<M>): Promise<Producer<M>> {
    refuseWhatItCannot(options);
    const { clock, random } = this.#parts;
    return this.#make(options.topic, (topic, deadline, closed) =>
      WebSocketProducer.open<M>(
        {
          ...options,
          topic,
          // A name of its own: it is how a producer that went away badly is known to be gone.
          producerName: options.producerName ?? `websocket-${random.hex(8)}`,
          settings: this.#producer,
          dialer: this.#dialer,
          clock,
          budget: this.#budget,
          frameLimit: this.#frameLimit,
          closed,
        },
        deadline,
        this.#closed.signal,
      ),
    );
  }

  async subscribe(options: ConsumerOptions): Promise<Consumer> {
    if (options.isPattern) {
      throw new ConnectorError('NOT_AVAILABLE_YET', 'no patterns of topics through WebSocket', {
        expected: 'names of topics',
        found: `the pattern ${options.topic}`,
        hint: 'Name the topics in inputs, or set serviceUrl to pulsar://….',
      });
    }
    const { clock, logger } = this.#parts;
    const { adminUrl } = this.#settings;
    return this.#make(options.topic, (topic, deadline, closed) =>
      WebSocketConsumer.open(
        { ...options, topic, dialer: this.#dialer, clock, logger, closed, ...(adminUrl && { adminUrl }) },
        deadline,
        this.#closed.signal,
      ),
    );
  }

  async close(deadlineMs: number): Promise<void> {
    this.#closed.abort(new ConnectorError('PULSAR_CLOSED', 'the transport was closed'));
    await Promise.all([...this.#open].map((part) => part.close(deadlineMs)));
  }

  async #make<P extends { close(deadlineMs: number): Promise<unknown> }>(
    name: string,
    open: (topic: string, deadline: number, closed: () => void) => Promise<P>,
  ): Promise<P> {
    this.#closed.signal.throwIfAborted();
    try {
      const deadline = this.#parts.clock.monotonic() + this.#settings.operationTimeout;
      const made: P = await open(fullTopicName(name), deadline, () => this.#open.delete(made));
      this.#open.add(made);
      if (this.#closed.signal.aborted) {
        await made.close(0);
      }
      this.#closed.signal.throwIfAborted();
      return made;
    } catch (error) {
      throw connectorError(error, name);
    }
  }
}

/** @throws ConnectorError NOT_AVAILABLE_YET */
function refuseWhatItCannot({ topic, sequencing, schema }: ProducerOptions<OutgoingMessage>): void {
  if (sequencing !== undefined) {
    throw new ConnectorError('NOT_AVAILABLE_YET', `topic ${topic}: no EFFECTIVELY_ONCE through WebSocket`, {
      expected: 'a transport whose messages carry sequence ids: pulsar:// or transport: pulsar-client',
      found: 'ws://',
      hint: 'Set serviceUrl to pulsar://… (or pulsar+ssl://…), or transport to pulsar-client, or processingGuarantees to ATLEAST_ONCE.',
    });
  }
  if (schema !== undefined && schema.type !== 'BYTES') {
    throw new ConnectorError('NOT_AVAILABLE_YET', `topic ${topic}: no schema through WebSocket`, {
      expected: 'messages without a schema',
      found: `a schema of type ${schema.type}`,
      hint: 'Set outputFormat to bytes, or serviceUrl to pulsar://….',
    });
  }
}
