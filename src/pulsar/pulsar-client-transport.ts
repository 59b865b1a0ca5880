import type { Client, MessageId, Message as Native, Consumer as NativeConsumer } from 'pulsar-client';
import type { ProducerSettings, PulsarSettings } from '../config/types';
import { ConnectorError } from '../errors';
import { BYTES_SCHEMA } from '../io';
import { abortable } from '../util/abort';
import { resolvesWithin } from '../util/limited-wait';
import type { ConnectionParts } from './client-connection';
import { fullTopicName, PendingBudget } from './protocol';
import {
  clientConfig,
  loadPulsarClient,
  producerConfig,
  resultError,
  schemaConfig,
} from './pulsar-client-config';
import type {
  Consumer,
  ConsumerOptions,
  OutgoingMessage,
  Producer,
  ProducerOptions,
  ReceivedMessage,
  Transport,
} from './transport';
import { readMessageId } from './websocket-message-id';

/** `transport: pulsar-client`: npm `pulsar-client` 1.18, whose core is Pulsar's C++ client. */
export class PulsarClientTransport implements Transport {
  readonly maxMessageBytes = undefined;
  readonly chunks = true;
  readonly sequences = true;
  readonly #pulsar: PulsarSettings;
  readonly #settings: ProducerSettings;
  readonly #clock: ConnectionParts['clock'];
  readonly #budget: PendingBudget;
  readonly #client: Promise<Client>;
  #closed = false;

  /** @throws ConnectorError PULSAR_CLIENT_MISSING */
  constructor(
    pulsar: PulsarSettings,
    settings: ProducerSettings,
    { clock }: Pick<ConnectionParts, 'clock'>,
    load = loadPulsarClient,
  ) {
    const module = load();
    this.#pulsar = pulsar;
    this.#settings = settings;
    this.#clock = clock;
    this.#budget = new PendingBudget({
      messages: settings.maxPendingMessages,
      bytes: settings.maxPendingBytes,
    });
    this.#client = clientConfig(module, pulsar).then((config) => new module.Client(config));
    this.#client.catch(() => undefined);
  }

  createProducer<M extends OutgoingMessage>(options: ProducerOptions<M>): Promise<Producer<M>> {
    const { sequencing, listener, mayStillSend, producerName = sequencing?.producerName, schema } = options;
    return this.#make(options.topic, async (client, topic) => {
      if (sequencing !== undefined) {
        await this.#refuseUnproven(client, topic);
      }
      const native = await client.createProducer({
        ...producerConfig(this.#settings, { sequenced: sequencing !== undefined, chunked: options.chunked }),
        ...schemaConfig(schema),
        ...(producerName === undefined ? {} : { producerName }),
        topic,
      });
      const budget = this.#budget;
      let closing: Promise<unknown> | undefined;
      const unwatch = budget.watch(() => listener.drained());
      const end = (): Promise<unknown> => {
        unwatch();
        // It drops what waits at once: nothing behind a failed message is stored.
        closing ??= native.close().catch(() => undefined);
        return closing;
      };
      const deliver = async (message: M): Promise<void> => {
        // Nothing is called back from inside send.
        await undefined;
        try {
          if (closing === undefined && mayStillSend?.() === false) {
            throw new ConnectorError('PULSAR_SEND_REVOKED', 'the sender may not send any more');
          }
          const id =
            closing === undefined && (await native.send(nativeMessage(message, sequencing !== undefined)));
          budget.release(1, message.value.length);
          if (id && closing === undefined) {
            // The broker had it before: no entry was written.
            listener.confirmed(message, sequencing && textOf(id) === '-1:-1');
          }
        } catch (cause) {
          budget.release(1, message.value.length);
          const error = resultError(cause, topic);
          if (closing === undefined && error.code === 'PULSAR_MESSAGE_TOO_LARGE') {
            listener.rejected(message, error);
          } else if (closing === undefined) {
            void end();
            listener.failed(error);
          }
        }
      };
      return {
        topic,
        partitions: 0,
        get writable() {
          return !budget.full;
        },
        send: (message) => {
          if (closing === undefined) {
            budget.take(message.value.length);
            void deliver(message);
          }
        },
        flush: () => void native.flush().catch(() => undefined),
        close: async (deadlineMs) => void (await resolvesWithin(this.#clock, deadlineMs, end())),
      };
    });
  }

  subscribe(options: ConsumerOptions): Promise<Consumer> {
    const { subscription, subscriptionType, consumerName } = options;
    return this.#make(options.topic, async (client, topic) => {
      const native = await client.subscribe({
        topic,
        subscription,
        subscriptionType: subscriptionType === 'Key_Shared' ? 'KeyShared' : subscriptionType,
        subscriptionInitialPosition: options.initialPosition === 'earliest' ? 'Earliest' : 'Latest',
        receiverQueueSize: options.receiverQueueSize,
        nAckRedeliverTimeoutMs: options.negativeAckRedeliveryDelayMs,
        ...(consumerName === undefined ? {} : { consumerName }),
      });
      return this.#consumer(topic, native);
    });
  }

  async close(deadlineMs: number): Promise<void> {
    this.#closed = true;
    const closed = this.#client.then((client) => client.close()).catch(() => undefined);
    await resolvesWithin(this.#clock, deadlineMs, closed);
  }

  /** It comes back by itself, and hands out again then what is not acknowledged. */
  #consumer(topic: string, native: NativeConsumer): Consumer {
    const [paused, ended] = [new AbortController(), new AbortController()];
    const either = AbortSignal.any([paused.signal, ended.signal]);
    const telling = new Set<Promise<unknown>>();
    return {
      topic,
      schemaOf: () => BYTES_SCHEMA,
      pause: () => paused.abort(),
      whenCaughtUp: async () => {
        throw refusal(topic, 'how far a subscription is cannot be asked');
      },
      receive: () =>
        abortable(native.receive(), either).then(
          (message) => [received(message)],
          (error) => {
            ended.signal.throwIfAborted();
            if (!paused.signal.aborted) {
              throw resultError(error, topic);
            }
            return [];
          },
        ),
      acknowledge: (message) => {
        const told = native.acknowledge((message as NativeMessage).native).catch(() => undefined);
        telling.add(told);
        void told.finally(() => telling.delete(told));
      },
      negativeAcknowledge: (message) => native.negativeAcknowledge((message as NativeMessage).native),
      close: (deadlineMs, { unsubscribe = false } = {}) => {
        ended.abort(new ConnectorError('PULSAR_CLOSED', 'the consumer was closed'));
        const closing = Promise.all(telling)
          .then(() => (unsubscribe ? native.unsubscribe() : null))
          .then(() => native.close());
        return resolvesWithin(this.#clock, deadlineMs, closing).catch(() => false);
      },
    };
  }

  /** @throws ConnectorError what sequence ids need and this core does not tell. */
  async #refuseUnproven(client: Client, topic: string): Promise<void> {
    if (this.#pulsar.adminUrl === undefined) {
      throw refusal(
        topic,
        'whether the topic deduplicates cannot be found out by its messages',
        'Set pulsar.adminUrl.',
      );
    }
    const partitions = await client.getPartitionsForTopic(topic);
    if (partitions.length > 1 || partitions[0]?.endsWith('-partition-0')) {
      throw refusal(topic, 'messages with sequence ids cannot be kept to their partitions');
    }
  }

  async #make<T>(name: string, make: (client: Client, topic: string) => Promise<T>): Promise<T> {
    if (this.#closed) {
      throw new ConnectorError('PULSAR_CLOSED', 'the transport was closed');
    }
    try {
      return await make(await this.#client, fullTopicName(name));
    } catch (error) {
      throw resultError(error, name);
    }
  }
}

interface NativeMessage extends ReceivedMessage {
  readonly native: Native;
}

const textOf = (id: MessageId): string => readMessageId(id.serialize().toString('base64')).text;

function refusal(
  topic: string,
  what: string,
  hint = 'Remove pulsar.transport: our own client can.',
): ConnectorError {
  return new ConnectorError('NOT_AVAILABLE_YET', `topic ${topic}: through pulsar-client, ${what}`, { hint });
}

function nativeMessage({ key, value, eventTime, properties, ...ids }: OutgoingMessage, sequenced: boolean) {
  return {
    data: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
    properties: { ...properties },
    ...(key === undefined ? {} : { partitionKey: key }),
    ...(eventTime === undefined ? {} : { eventTimestamp: eventTime }),
    ...(ids.orderingKey === undefined ? {} : { orderingKey: ids.orderingKey }),
    ...(sequenced && ids.recordSequence !== undefined ? { sequenceId: ids.recordSequence } : {}),
  };
}

/** Absent and empty keys look alike, and so do null and empty values. */
function received(native: Native): NativeMessage {
  return {
    native,
    id: textOf(native.getMessageId()),
    topic: native.getTopicName(),
    key: native.getPartitionKey() || undefined,
    keyIsBase64: false,
    value: native.getData(),
    eventTime: native.getEventTimestamp() || undefined,
    publishTime: native.getPublishTimestamp(),
    properties: { ...native.getProperties() },
    redeliveryCount: native.getRedeliveryCount(),
    schemaVersion: undefined,
    encryption: undefined,
  };
}
