import type { Socket } from 'node:net';
import type { ProducerSettings, PulsarSettings } from '../config/types';
import type { Clock } from '../util/clock';
import type { Logger } from '../util/logger';
import type { Random } from '../util/random';
import { BinaryConsumer } from './binary-consumer';
import { PulsarClient } from './protocol';
import { connectorError } from './protocol-errors';
import { schemaDataOf } from './schema-info';
import type {
  Consumer,
  ConsumerOptions,
  OutgoingMessage,
  Producer,
  ProducerOptions,
  Transport,
} from './transport';

export interface BinaryTransportParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Starts a TCP connection; must not throw. */
  readonly connect: (host: string, port: number) => Socket;
}

/** Pulsar's binary protocol, by our own client. */
export class BinaryTransport implements Transport {
  readonly chunks = true;
  readonly sequences = true;
  readonly #client: PulsarClient;
  readonly #chunked: boolean;
  #maxMessageBytes: number | undefined;

  /** @throws ConnectorError CONFIG_INVALID when the service URL is no plain `pulsar://`. */
  constructor(pulsar: PulsarSettings, producer: ProducerSettings, parts: BinaryTransportParts) {
    const { authentication } = pulsar;
    this.#chunked = producer.chunkingEnabled;
    try {
      this.#client = new PulsarClient({
        ...parts,
        serviceUrl: pulsar.serviceUrl,
        connectionTimeout: pulsar.connectionTimeout,
        operationTimeout: pulsar.operationTimeout,
        keepAliveInterval: pulsar.keepAliveInterval,
        pending: { messages: producer.maxPendingMessages, bytes: producer.maxPendingBytes },
        producer: {
          lingerMs: producer.batchingMaxPublishDelay,
          sendTimeout: producer.sendTimeout,
          batch: {
            maxMessages: producer.batchingEnabled ? producer.batchingMaxMessages : 1,
            maxBytes: producer.batchingMaxBytes,
          },
        },
        ...(authentication.type === 'none'
          ? {}
          : { authentication: { method: 'token', data: () => authentication.token() } }),
      });
    } catch (error) {
      throw connectorError(error);
    }
  }

  get maxMessageBytes(): number | undefined {
    return this.#maxMessageBytes;
  }

  async createProducer<M extends OutgoingMessage>(options: ProducerOptions<M>): Promise<Producer<M>> {
    const { listener, schema, chunked = this.#chunked, ...request } = options;
    try {
      const schemaData = schema && schemaDataOf(schema);
      const producer = await this.#client.createProducer<M>({
        ...request,
        chunked,
        ...(schemaData === undefined ? {} : { schema: schemaData }),
        events: {
          confirmed: (message) => listener.confirmed(message),
          rejected: (message, error) => listener.rejected(message, connectorError(error, options.topic)),
          failed: (error) => listener.failed(connectorError(error, options.topic)),
          drained: () => listener.drained(),
        },
      });
      this.#maxMessageBytes = producer.maxMessageSize;
      return producer;
    } catch (error) {
      throw connectorError(error, options.topic);
    }
  }

  async subscribe(options: ConsumerOptions): Promise<Consumer> {
    const { receiverQueueSize, receiverQueueBytes, negativeAckRedeliveryDelayMs, ...request } = options;
    try {
      const consumer = await this.#client.subscribe({
        ...request,
        settings: {
          receiver: { messages: receiverQueueSize, bytes: receiverQueueBytes },
          negativeAckRedeliveryDelayMs,
        },
      });
      return new BinaryConsumer(consumer);
    } catch (error) {
      throw connectorError(error, options.topic);
    }
  }

  close(deadlineMs: number): Promise<void> {
    return this.#client.close(deadlineMs);
  }
}
