import type { Socket } from 'node:net';
import type { Clock } from '../../util/clock';
import type { Logger } from '../../util/logger';
import type { Delivery } from './delivery';
import type { ProtocolError } from './protocol-error';

/** How a client proves who it is. */
export interface Authentication {
  /** Name of the method as brokers know it, for example `token`. */
  readonly method: string;
  /** Asked at every connect and every challenge, so that it may be renewed. */
  data(): Promise<string>;
}

export interface ConnectionSettings {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Starts a TCP connection; must not throw. */
  readonly connect: (host: string, port: number) => Socket;
  readonly authentication?: Authentication;
  /** Milliseconds until a socket stands, and until the broker has answered CONNECT. */
  readonly connectionTimeout: number;
  /** Milliseconds a request may take. */
  readonly operationTimeout: number;
  /** Milliseconds between pings; a ping without any answer until the next one ends the connection. */
  readonly keepAliveInterval: number;
}

/** Where a broker is reached. */
export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
  /** `host:port` of the broker behind the proxy at that address. */
  readonly proxyTo?: string;
}

/** What a producer hears from its connection. */
export interface ProducerEndpoint {
  receipt(sequenceId: number): void;
  /** The broker refuses a message it was sent. */
  sendError(error: ProtocolError): void;
  /** The broker has closed this producer only: topic unloaded, deleted, terminated. */
  closedByBroker(): void;
  connectionLost(error: ProtocolError): void;
}

/** What a consumer hears from its connection. */
export interface ConsumerEndpoint {
  /** @param delivery used again for the next one. */
  delivered(delivery: Delivery, payload: Buffer): void;
  /** Whether this consumer is the one of a failover subscription that gets the messages. */
  activeChanged(active: boolean): void;
  /** The broker has closed this consumer only: topic unloaded, deleted, cursor moved. */
  closedByBroker(): void;
  connectionLost(error: ProtocolError): void;
}

/** Requests, and what answers them. */
export interface Answers {
  partitionMetadata: 'partitionMetadataResponse';
  lookupTopic: 'lookupTopicResponse';
  producer: 'producerSuccess';
  closeProducer: 'success';
  subscribe: 'success';
  ack: 'ackResponse';
  unsubscribe: 'success';
  getLastMessageId: 'getLastMessageIdResponse';
  getSchema: 'getSchemaResponse';
  closeConsumer: 'success';
}
