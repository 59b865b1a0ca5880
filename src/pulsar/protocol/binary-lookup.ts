import type { Commands } from './command';
import type { Connection } from './connection';
import type { ConnectionPool } from './connection-pool';
import type { BrokerAddress } from './endpoint';
import type { LookupService, LookupSettings } from './lookup-service';
import { ProtocolError, serverError } from './protocol-error';
import { brokerAddress, namedUrl, ServiceAddresses, type ServiceUrl } from './service-url';

const [REDIRECT, CONNECT] = [0, 1];
/** Source: enum CommandGetTopicsOfNamespace.Mode of PulsarApi.proto. */
const PERSISTENT = 0;

/** Lookups by LOOKUP, PARTITIONED_METADATA and GET_TOPICS_OF_NAMESPACE. */
export class BinaryLookup implements LookupService {
  readonly #pool: ConnectionPool;
  readonly #settings: LookupSettings;
  readonly #addresses: ServiceAddresses;

  constructor(pool: ConnectionPool, service: ServiceUrl, settings: LookupSettings) {
    const { proxyToBroker: proxyTo } = settings;
    this.#pool = pool;
    this.#settings = settings;
    this.#addresses = new ServiceAddresses(
      service.addresses.map((address) => (proxyTo === undefined ? address : { ...address, proxyTo })),
    );
  }

  async partitions(topic: string): Promise<number> {
    const service = await this.#service();
    const metadata = await service.request('partitionMetadata', { topic });
    if (metadata.response === 1) {
      throw serverError(metadata.error, metadata.message);
    }
    return metadata.partitions ?? 0;
  }

  /** Topics of the broker's own are left out, and a namespace that is not there has none (seen on 4.0.8). */
  async topics(namespace: string): Promise<readonly string[]> {
    const service = await this.#service();
    return (await service.request('getTopicsOfNamespace', { namespace, mode: PERSISTENT })).topics;
  }

  async owner(topic: string): Promise<BrokerAddress> {
    const { listenerName, maxLookupRedirects } = this.#settings;
    const service = await this.#service();
    let connection = service;
    let authoritative = false;
    for (let redirects = 0; redirects <= maxLookupRedirects; redirects++) {
      const answer: Commands['lookupTopicResponse'] = await connection.request('lookupTopic', {
        topic,
        authoritative,
        ...(listenerName === undefined ? {} : { advertisedListenerName: listenerName }),
      });
      if (answer.response !== REDIRECT && answer.response !== CONNECT) {
        throw serverError(answer.error, answer.message);
      }
      const broker = this.#brokerOf(answer, service);
      if (answer.response === CONNECT) {
        return broker;
      }
      connection = await this.#pool.get(broker);
      authoritative = answer.authoritative;
    }
    const many = `more than ${maxLookupRedirects} redirects in the lookup of ${topic}`;
    throw new ProtocolError('unavailable', many);
  }

  #brokerOf(answer: Commands['lookupTopicResponse'], { address }: Connection): BrokerAddress {
    const { tls = false } = address;
    const url = tls ? answer.brokerServiceUrlTls : answer.brokerServiceUrl;
    const proxied = answer.proxyThroughServiceUrl || this.#settings.proxyToBroker !== undefined;
    // What lies behind a proxy is the proxy's to reach: it names brokers without TLS to clients with TLS too.
    const broker = brokerAddress(namedUrl(url, tls && !proxied));
    return proxied ? { ...address, proxyTo: `${broker.host}:${broker.port}` } : broker;
  }

  #service(): Promise<Connection> {
    return this.#addresses.reach((address) => this.#pool.get(address));
  }
}
