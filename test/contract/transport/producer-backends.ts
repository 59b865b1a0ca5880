import type { Socket } from 'node:net';
import type { PulsarSettings } from '../../../src/config/types';
import { MemoryBroker } from '../../../src/pulsar/memory-broker';
import type { OutgoingMessage } from '../../../src/pulsar/transport';
import { producerFrame } from '../../../src/pulsar/websocket-frames';
import { FakePulsarBroker } from '../../support/fake-pulsar-broker';
import { FakeWebSocketService, type SendVerdict } from '../../support/fake-websocket-service';
import { joinChunks } from '../../support/message-codec';
import { message } from '../../support/producer-log';

/** The other side of a transport, as far as every one of them can be made to behave. */
type StoredMessages = readonly Pick<OutgoingMessage, 'key' | 'value' | 'eventTime' | 'properties'>[];

export interface ProducerBackend {
  readonly serviceUrl: string;
  readonly memory?: MemoryBroker;
  /** Name of the topic; `orders` when absent. */
  readonly topic?: string;
  /** How sockets are opened, where something stands between them and the other side. */
  readonly connect?: (host: string, port: number) => Socket;
  /** Of the client, for limits that it must know; asked when a transport is made. */
  readonly settings?: () => Partial<PulsarSettings>;
  stored(): StoredMessages | Promise<StoredMessages>;
  /** The next send is not stored, and says so. */
  failNext(): void;
  /** The next receipt never comes. */
  loseReceipt(): void;
  limitSize(bytes: number): void;
  /** Whether messages with ids are told from those it has. */
  deduplicate(): void;
  /** Cuts every connection. */
  cut(): void;
  stop(): Promise<void>;
}

export async function memoryBackend(): Promise<ProducerBackend> {
  const memory = new MemoryBroker();
  return {
    serviceUrl: 'memory://',
    memory,
    stored: () => memory.messages('orders'),
    failNext: () => {
      memory.behaviour.failNext = 1;
    },
    loseReceipt: () => {
      memory.behaviour.loseReceipts = 1;
    },
    limitSize: (bytes) => {
      memory.behaviour.maxMessageBytes = bytes;
    },
    deduplicate: () => undefined,
    cut: () => undefined,
    stop: async () => undefined,
  };
}

export async function binaryBackend(): Promise<ProducerBackend> {
  const broker = await FakePulsarBroker.start();
  const once = (verdict: 'lose-receipt' | { error: number }) => () => {
    broker.script.send = () => {
      broker.script.send = () => 'store';
      return verdict;
    };
  };
  return {
    serviceUrl: broker.serviceUrl,
    stored: () => joinChunks(broker.stored),
    failNext: once({ error: 2 }),
    loseReceipt: once('lose-receipt'),
    limitSize: (bytes) => {
      broker.script.maxMessageSize = bytes;
    },
    deduplicate: () => {
      broker.script.deduplicates = true;
    },
    cut: () => broker.disconnect(),
    stop: () => broker.stop(),
  };
}

export async function websocketBackend(): Promise<ProducerBackend> {
  const service = await FakeWebSocketService.start();
  const once = (verdict: SendVerdict) => () => {
    service.script.send = () => {
      service.script.send = () => 'store';
      return verdict;
    };
  };
  let frameBytes = service.script.maxFrameBytes;
  return {
    serviceUrl: service.serviceUrl,
    settings: () => ({ webSocketMaxFrameBytes: frameBytes }),
    stored: () => service.broker.messages('orders'),
    failNext: once({ error: 'PulsarClientException$BrokerPersistenceException: not stored' }),
    loseReceipt: once('lose-receipt'),
    limitSize: (bytes) => {
      frameBytes = producerFrame(message('x'.repeat(bytes)), 1).length;
    },
    deduplicate: () => undefined,
    cut: () => service.disconnect(),
    stop: () => service.stop(),
  };
}
