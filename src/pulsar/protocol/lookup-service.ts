import type { BrokerAddress } from './endpoint';

/** Who knows where topics live: brokers by their protocol, or by REST. */
export interface LookupService {
  /** How many partitions a topic has; 0 when it is not partitioned. @throws ProtocolError */
  partitions(topic: string): Promise<number>;
  /** Full names of the persistent topics of `tenant/namespace`, each partition by itself. @throws ProtocolError */
  topics(namespace: string): Promise<readonly string[]>;
  /** Where its owner is reached. @throws ProtocolError */
  owner(topic: string): Promise<BrokerAddress>;
}

/** An answer of a REST API, of any status. */
export interface HttpAnswer {
  readonly status: number;
  readonly location?: string;
  readonly body: string;
}

export interface LookupSettings {
  /** `pulsar[+ssl]://host:port`, `http[s]://host:port`; several hosts with commas. */
  readonly serviceUrl: string;
  /** Which of its advertised listeners a broker names; its own choice when absent. */
  readonly listenerName?: string;
  /** `host:port` of a broker: the service is a proxy that leads to it, and to every other one by its name. */
  readonly proxyToBroker?: string;
  /** Redirects in one lookup, from 0. */
  readonly maxLookupRedirects: number;
  /** A GET with the credentials of this client, for `http[s]` services. Does not follow redirects. */
  readonly httpGet?: (url: URL) => Promise<HttpAnswer>;
}
