import { connect, type Socket } from 'node:net';
import type { PublishedMessage } from '../../src/pulsar/memory-message';
import type { ConsumerBackend } from '../contract/transport/consumer-lab';
import type { ProducerBackend } from '../contract/transport/producer-backends';
import type { PulsarBroker } from './pulsar-broker';
import { readTopic } from './pulsar-reader';
import { produceByJava } from './websocket-producer';

let topics = 0;

/**
 * A real broker as the other side of the contract suite, a topic a scenario. What is stored is read, and what is
 * consumed was written, by the broker's own client behind its WebSocket API: nothing of ours is in the way.
 */
export function realBackend(broker: PulsarBroker, serviceUrl: string): ProducerBackend & ConsumerBackend {
  const topic = `contract-${++topics}`;
  const sockets = new Set<Socket>();
  const publish = (name: string, messages: readonly PublishedMessage[], options = {}): Promise<void> =>
    produceByJava(
      broker.wsUrl,
      name === 'other' ? `${topic}-other` : name,
      messages.map(({ key, value = new Uint8Array(), properties, eventTime }) => ({
        payload: Buffer.from(value),
        ...(key === undefined ? {} : { key }),
        ...(properties === undefined ? {} : { properties }),
        ...(eventTime === undefined ? {} : { eventTime }),
      })),
      options,
    );
  const unsupported = (): never => {
    throw new Error('a real broker cannot be told to fail');
  };
  return {
    serviceUrl,
    topic,
    operationTimeout: 1500,
    connect: (host, port) => {
      const socket = connect({ host, port, noDelay: true });
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      return socket;
    },
    cut: () => {
      for (const socket of sockets) {
        socket.destroy();
      }
    },
    stored: async () => {
      const stats = await broker.admin('GET', `/persistent/public/default/${topic}/stats`);
      const count =
        stats === undefined ? 0 : Number((JSON.parse(stats) as { msgInCounter: number }).msgInCounter);
      const read = count === 0 ? [] : await readTopic(broker.wsUrl, topic, count);
      return read.map(({ payload: value, key, properties, eventTime }) => ({
        value,
        key,
        properties,
        eventTime,
      }));
    },
    publish: (name, ...messages) => publish(name, messages),
    publishBatch: (name, ...messages) =>
      publish(name, messages, {
        batchingEnabled: 'true',
        batchingMaxMessages: String(messages.length),
        batchingMaxPublishDelay: '5000',
      }),
    deduplicate: unsupported,
    failNext: unsupported,
    loseReceipt: unsupported,
    limitSize: unsupported,
    goAway: unsupported,
    comeBack: unsupported,
    loseAcknowledgements: unsupported,
    fallSilent: unsupported,
    stop: async () => undefined,
  };
}
