import type { Socket } from 'node:net';
import type { Clock } from '../../util/clock';
import type { Logger } from '../../util/logger';
import type { Delivery } from './delivery';
import type { ProtocolError } from './protocol-error';

/** How a client proves who it is. */
export interface Authentication {
  /** Name of the method as brokers know it, for example `token`. */
  readonly method: string;
  /**
   * Asked at every connect and every challenge, so that it may be renewed.
   * @param stale what the broker wants replaced: the answer is another one, if there can be another one.
   */
  data(stale?: string): Promise<string>;
}

/**
 * TLS on top of `socket`, which is connected; `host` is whom the certificate must name. Emits `secureConnect` when it
 * stands. On one that is connecting it would keep the handle of the first address tried: when another one of that
 * name answers, Node 20 goes down with a segmentation fault.
 */
export type SecureSocket = (socket: Socket, host: string) => Socket;

export interface ConnectionSettings {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Starts a TCP connection; must not throw. */
  readonly connect: (host: string, port: number) => Socket;
  /** For addresses with TLS. Asked at every connect, so that certificates and keys may be replaced. */
  readonly tls?: () => Promise<SecureSocket>;
  /** Where every socket goes instead; finds the broker by the host name in the TLS handshake (SNI). */
  readonly sniProxy?: { readonly host: string; readonly port: number };
  readonly authentication?: Authentication;
  /** Connections to each broker, from 1; 1 when absent. */
  readonly connectionsPerBroker?: number;
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
  readonly tls?: true;
  /** `host:port` of the broker behind the proxy at that address. */
  readonly proxyTo?: string;
}

/** What a producer hears from its connection. */
export interface ProducerEndpoint {
  /** @param duplicate whether the broker had it before. */
  receipt(sequenceId: number, duplicate: boolean): void;
  /** The broker refuses what it was sent. @param sequenceId its first or its last id */
  sendError(error: ProtocolError, sequenceId: number): void;
  /** The broker has closed this producer only: topic unloaded, deleted, terminated. */
  closedByBroker(): void;
  /** The topic is now that of another cluster, at `serviceUrl`; `closedByBroker` follows. */
  migrated(serviceUrl: string): void;
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
  /** The topic is now that of another cluster, at `serviceUrl`; `closedByBroker` follows. */
  migrated(serviceUrl: string): void;
  connectionLost(error: ProtocolError): void;
}

/** Requests, and what answers them. */
export interface Answers {
  partitionMetadata: 'partitionMetadataResponse';
  lookupTopic: 'lookupTopicResponse';
  getTopicsOfNamespace: 'getTopicsOfNamespaceResponse';
  producer: 'producerSuccess';
  closeProducer: 'success';
  subscribe: 'success';
  ack: 'ackResponse';
  unsubscribe: 'success';
  getLastMessageId: 'getLastMessageIdResponse';
  getSchema: 'getSchemaResponse';
  closeConsumer: 'success';
}
