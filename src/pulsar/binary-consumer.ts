import { consumerSettings } from '../config/consumer-settings';
import { BYTES_SCHEMA, type Schema } from '../io';
import type { ConsumerRequest, ProtocolConsumer, ProtocolMessage, ReceiverLimits } from './protocol';
import { connectorError } from './protocol-errors';
import { schemaOf } from './schema-info';
import type { TopicConsumer } from './topics-consumer';
import type { ConsumerOptions } from './transport';

/** Versions of a topic's schema that are remembered. */
const MAX_SCHEMAS = 1000;

/** A consumer of the protocol client, with errors and schemas as connectors know them. */
export class BinaryConsumer implements TopicConsumer {
  readonly #consumer: ProtocolConsumer;
  /** By version in hex. */
  readonly #schemas = new Map<string, Schema | Promise<Schema>>();

  constructor(consumer: ProtocolConsumer) {
    this.#consumer = consumer;
  }

  get topic(): string {
    return this.#consumer.topic;
  }

  receive(max: number): Promise<ProtocolMessage[]> {
    return this.#consumer.receive(max).catch(this.#rethrow);
  }

  poll(max: number): ProtocolMessage[] {
    try {
      return this.#consumer.poll(max);
    } catch (error) {
      return this.#rethrow(error);
    }
  }

  schemaOf({ schemaVersion }: ProtocolMessage): Schema | Promise<Schema> {
    if (schemaVersion === undefined || schemaVersion.length === 0) {
      return BYTES_SCHEMA;
    }
    const version = Buffer.from(schemaVersion).toString('hex');
    const known = this.#schemas.get(version);
    if (known !== undefined) {
      return known;
    }
    const asked = this.#ask(schemaVersion).then(
      (schema) => this.#remember(version, schema),
      (error) => {
        this.#schemas.delete(version);
        return this.#rethrow(error);
      },
    );
    return this.#remember(version, asked);
  }

  acknowledge(message: ProtocolMessage): void {
    this.#consumer.acknowledge(message);
  }

  negativeAcknowledge(message: ProtocolMessage): void {
    this.#consumer.negativeAcknowledge(message);
  }

  whenCaughtUp(): Promise<void> {
    return this.#consumer.whenCaughtUp().catch(this.#rethrow);
  }

  pause(): void {
    this.#consumer.pause();
  }

  close(deadlineMs: number, options: { readonly unsubscribe?: boolean } = {}): Promise<boolean> {
    return this.#consumer.close(deadlineMs, options.unsubscribe);
  }

  async #ask(version: Uint8Array): Promise<Schema> {
    const schema = await this.#consumer.schema(version);
    return schema === undefined ? BYTES_SCHEMA : schemaOf(schema);
  }

  #remember<S extends Schema | Promise<Schema>>(version: string, schema: S): S {
    this.#schemas.set(version, schema);
    if (this.#schemas.size > MAX_SCHEMAS) {
      const [oldest] = this.#schemas.keys();
      this.#schemas.delete(oldest as string);
    }
    return schema;
  }

  readonly #rethrow = (error: unknown): never => {
    throw connectorError(error, this.topic);
  };
}

/**
 * What the protocol client is asked for.
 * @param receiver limits of this one.
 * @param ready see `TopicService.open`.
 */
export function consumerRequest(
  options: ConsumerOptions,
  receiver: ReceiverLimits,
  ready: () => void,
): ConsumerRequest {
  const { topic, subscription, subscriptionType, initialPosition, consumerName, skipped } = options;
  const { settings = consumerSettings() } = options;
  const { maxDelayMs, multiplier } = settings.negativeAckRedeliveryBackoff;
  return {
    topic,
    subscription,
    subscriptionType,
    initialPosition,
    ready,
    ...(consumerName === undefined ? {} : { consumerName }),
    ...(skipped === undefined ? {} : { skipped }),
    settings: {
      receiver,
      redelivery: { initialMs: options.negativeAckRedeliveryDelayMs, maxMs: maxDelayMs, multiplier },
      grouping: {
        groupMs: settings.acknowledgmentGroupTime,
        maxGroup: settings.maxAcknowledgmentGroupSize,
        batchParts: settings.batchIndexAckEnabled,
      },
      chunks: {
        maxPending: settings.maxPendingChunkedMessage,
        autoAckOldest: settings.autoAckOldestChunkedMessageOnQueueFull,
        expireMs: settings.expireTimeOfIncompleteChunkedMessage,
      },
    },
  };
}
