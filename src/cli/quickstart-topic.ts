import { connect } from 'node:net';
import type { LoadedConfig } from '../config';
import { createTransport } from '../pulsar/create-transport';
import { MemoryBroker } from '../pulsar/memory-broker';
import { PulsarClient } from '../pulsar/protocol';
import { connectorError } from '../pulsar/protocol-errors';
import type { Transport } from '../pulsar/transport';
import { sleep, systemClock } from '../util/clock';
import type { Logger } from '../util/logger';
import { systemRandom } from '../util/random';

/** A message as it lies in the topic. */
export interface StoredMessage {
  readonly key: string | undefined;
  readonly value: Uint8Array;
}

/** Where the quickstart delivers to, and how it looks at what has arrived. */
export interface QuickstartTopic {
  readonly name: string;
  /** For people: what kind of topic it is. */
  readonly kind: string;
  openTransport(config: LoadedConfig): Transport;
  /** The messages that have come since the last call, in the order of the topic; empty while there are none. */
  arrivals(): Promise<readonly StoredMessage[]>;
  /** What is left once the connector has ended. */
  rest(): Promise<readonly StoredMessage[]>;
  close(): Promise<void>;
}

/** Milliseconds without a message after which a topic that nobody writes to counts as read to its end. */
const REST_MS = 500;

/** The same for one look at a topic that is being written, and messages taken at the most then. */
const LOOK_MS = 20;
const MOST_AT_ONCE = 1000;

const parts = (logger: Logger) => ({
  clock: systemClock,
  random: systemRandom,
  logger,
  stdout: process.stdout,
});

/** A topic in this process. */
export function memoryTopic(name: string, logger: Logger): QuickstartTopic {
  const memory = new MemoryBroker();
  let looked = 0;
  const arrivals = async (): Promise<readonly StoredMessage[]> => {
    const fresh = memory.messages(name).slice(looked);
    looked += fresh.length;
    return fresh;
  };
  return {
    name,
    kind: 'in-memory topic',
    openTransport: ({ pulsar, sources: [source] }) =>
      createTransport(pulsar, definitionOf(source).producer, { ...parts(logger), memory }),
    arrivals,
    rest: arrivals,
    close: async () => undefined,
  };
}

/** A topic of a real broker, read back by a consumer of our own. */
export async function brokerTopic(
  name: string,
  serviceUrl: string,
  logger: Logger,
): Promise<QuickstartTopic> {
  const client = new PulsarClient({
    ...parts(logger),
    serviceUrl,
    connect: (host, port) => connect({ host, port, noDelay: true }),
    connectionTimeout: 10_000,
    operationTimeout: 30_000,
    keepAliveInterval: 30_000,
    maxLookupRedirects: 20,
    pending: { messages: 1, bytes: 1 },
    producer: { lingerMs: 0, sendTimeout: 0, batch: { maxMessages: 1, maxBytes: 1 }, compression: 'NONE' },
    partitioning: { hashingScheme: 'Murmur3_32Hash', switchMs: 0, updateIntervalMs: 0 },
  });
  const consumer = await client
    .subscribe({
      topic: name,
      subscription: 'quickstart',
      subscriptionType: 'Exclusive',
      initialPosition: 'earliest',
      settings: {
        receiver: { messages: MOST_AT_ONCE, bytes: 16 * 1024 * 1024 },
        redelivery: { initialMs: 1000, maxMs: 1000, multiplier: 1 },
        grouping: { groupMs: 5, maxGroup: MOST_AT_ONCE, batchParts: false },
        chunks: { maxPending: 10, autoAckOldest: false, expireMs: 0 },
      },
    })
    .catch(async (error) => {
      await client.close(0);
      throw connectorError(error, name);
    });
  let pending: Promise<StoredMessage[]> | undefined;
  const receive = async (): Promise<StoredMessage[]> => {
    const messages = await consumer.receive(MOST_AT_ONCE);
    return messages.map((message) => {
      consumer.acknowledge(message);
      return { key: message.key, value: message.value ?? Buffer.alloc(0) };
    });
  };
  /** Messages until none has come for `quietMs`; a receive under way is kept for the next call. */
  const drain = async (quietMs: number): Promise<StoredMessage[]> => {
    const messages: StoredMessage[] = [];
    while (messages.length < MOST_AT_ONCE) {
      pending ??= receive();
      const arrived = await Promise.race([pending, sleep(systemClock, quietMs)]);
      if (arrived === undefined) {
        break;
      }
      pending = undefined;
      messages.push(...arrived);
    }
    return messages;
  };
  return {
    name,
    kind: `topic at ${serviceUrl}`,
    openTransport: ({ pulsar, sources: [source] }) =>
      createTransport(pulsar, definitionOf(source).producer, parts(logger)),
    arrivals: async () => drain(LOOK_MS),
    rest: async () => drain(REST_MS),
    close: () => client.close(2000),
  };
}

function definitionOf<T>(source: T | undefined): T {
  if (source === undefined) {
    throw new Error('the quickstart has one source');
  }
  return source;
}
