import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import type { PulsarSettings } from '../../../src/config/types';
import { ConnectorError } from '../../../src/errors';
import { createTransport } from '../../../src/pulsar/create-transport';
import { MemoryBroker } from '../../../src/pulsar/memory-broker';
import type { PublishedMessage } from '../../../src/pulsar/memory-message';
import type { Consumer, ConsumerOptions, ReceivedMessage, Transport } from '../../../src/pulsar/transport';
import { systemClock } from '../../../src/util/clock';
import { silentLogger } from '../../../src/util/logger';
import { systemRandom } from '../../../src/util/random';
import { PRODUCER, pulsarSettings } from '../../support/transport-settings';

/** The other side of a consumer, as far as every transport's can be made to behave. */
export interface ConsumerBackend {
  readonly serviceUrl: string;
  readonly memory?: MemoryBroker;
  /** Name of the topic; `orders` when absent. */
  readonly topic?: string;
  /** How sockets are opened, where something stands between them and the other side. */
  readonly connect?: (host: string, port: number) => Socket;
  /** Milliseconds for an operation; 2000 when absent. */
  readonly operationTimeout?: number;
  readonly settings?: Partial<PulsarSettings>;
  /** Stores messages, each by itself. */
  publish(topic: string, ...messages: readonly PublishedMessage[]): void | Promise<void>;
  /** Stores messages as one batch, where the transport knows such a thing. */
  publishBatch(topic: string, ...messages: readonly PublishedMessage[]): void | Promise<void>;
  /** Gives a topic so many partitions; only where the transport reads them one by one. */
  partition?(topic: string, count: number): void;
  /** Deletes a topic for good. */
  deleteTopic?(topic: string): void;
  /** Ends every connection; new ones are accepted. */
  cut(): void;
  /** Goes away; what it has stored stays. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
  /** So many of the next acknowledgements are not applied. */
  loseAcknowledgements(count: number): void;
  /** Answers consumers nothing any more. */
  fallSilent(): void;
  stop(): Promise<void>;
}

export async function memoryBackend(): Promise<ConsumerBackend> {
  const memory = new MemoryBroker();
  const { behaviour } = memory;
  const publish = (topic: string, ...messages: readonly PublishedMessage[]): void => {
    for (const message of messages) {
      memory.publish(topic, message);
    }
  };
  return {
    serviceUrl: 'memory://',
    memory,
    publish,
    publishBatch: publish,
    partition: (topic, count) => memory.partition(topic, count),
    deleteTopic: (topic) => memory.deleteTopic(topic),
    cut: () => memory.disconnectConsumers(),
    goAway: async () => {
      behaviour.refuseConsumer = () => new ConnectorError('PULSAR_UNAVAILABLE', 'away');
      memory.disconnectConsumers();
    },
    comeBack: async () => {
      behaviour.refuseConsumer = () => undefined;
    },
    loseAcknowledgements: (count) => {
      behaviour.loseAcknowledgements = count;
    },
    fallSilent: () => {
      behaviour.loseAcknowledgements = Number.POSITIVE_INFINITY;
    },
    stop: async () => undefined,
  };
}

/** Transports on one backend, and what tests do with their consumers. */
export class ConsumerLab {
  readonly backend: ConsumerBackend;
  readonly #transports: Transport[] = [];

  constructor(backend: ConsumerBackend) {
    this.backend = backend;
  }

  get topic(): string {
    return this.backend.topic ?? 'orders';
  }

  /** A transport like that of a process of its own. */
  transport(): Transport {
    const { serviceUrl, memory, connect, operationTimeout = 2000, settings } = this.backend;
    const transport = createTransport(
      pulsarSettings(serviceUrl, { operationTimeout, ...settings }),
      PRODUCER,
      {
        clock: systemClock,
        random: systemRandom,
        logger: silentLogger,
        stdout: new Writable(),
        ...(memory === undefined ? {} : { memory }),
        ...(connect === undefined ? {} : { connect }),
      },
    );
    this.#transports.push(transport);
    return transport;
  }

  subscribe(options: Partial<ConsumerOptions> = {}): Promise<Consumer> {
    return this.transport().subscribe({
      topic: this.topic,
      subscription: 'export',
      subscriptionType: 'Exclusive',
      initialPosition: 'earliest',
      receiverQueueSize: 1000,
      receiverQueueBytes: 64 * 1024 * 1024,
      negativeAckRedeliveryDelayMs: 100,
      ...options,
    });
  }

  /** Stores one message for each text. */
  async publish(...texts: readonly string[]): Promise<void> {
    await this.backend.publish(this.topic, ...texts.map(textMessage));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#transports.map((transport) => transport.close(100)));
    await this.backend.stop();
  }
}

export function textMessage(text: string): PublishedMessage {
  return { value: Buffer.from(text) };
}

export function textOf({ value }: ReceivedMessage): string | undefined {
  return value === undefined ? undefined : Buffer.from(value).toString();
}

export const textsOf = (messages: readonly ReceivedMessage[]): (string | undefined)[] => messages.map(textOf);

/** Receives until there are `count` messages. */
export async function take(consumer: Consumer, count: number): Promise<ReceivedMessage[]> {
  const taken: ReceivedMessage[] = [];
  while (taken.length < count) {
    taken.push(...(await consumer.receive(count - taken.length)));
  }
  return taken;
}

/** Receives until the message of that text has come. */
export async function takeUntil(consumer: Consumer, text: string): Promise<ReceivedMessage[]> {
  const taken: ReceivedMessage[] = [];
  while (taken.length === 0 || textOf(taken.at(-1) as ReceivedMessage) !== text) {
    taken.push(...(await consumer.receive(1)));
  }
  return taken;
}

/** What each of several consumers receives, and acknowledges at once, until `count` have come to all of them. */
export async function share(
  consumers: readonly Consumer[],
  count: number,
): Promise<readonly (readonly ReceivedMessage[])[]> {
  let missing = count;
  return new Promise((resolve, reject) => {
    const taken = consumers.map((): ReceivedMessage[] => []);
    const follow = async (consumer: Consumer, own: ReceivedMessage[]): Promise<void> => {
      while (missing > 0) {
        for (const message of await consumer.receive(10)) {
          own.push(message);
          consumer.acknowledge(message);
          missing--;
        }
      }
      resolve(taken);
    };
    consumers.forEach((consumer, i) => void follow(consumer, taken[i] ?? []).catch(reject));
  });
}
