import type { Commands } from './command';
import type { Connection } from './connection';
import type { ConnectionPool } from './connection-pool';
import type { BrokerAddress } from './endpoint';
import { ProtocolError, serverError } from './protocol-error';
import { brokerAddresses } from './service-url';

/** Source: Pulsar ClientConfigurationData.maxLookupRedirects. */
const MAX_REDIRECTS = 20;

const [REDIRECT, CONNECT] = [0, 1];

/** Finds the broker that owns a topic. */
export class TopicLookup {
  readonly #pool: ConnectionPool;
  readonly #addresses: readonly BrokerAddress[];
  #next = 0;

  constructor(pool: ConnectionPool, serviceUrl: string) {
    this.#pool = pool;
    this.#addresses = brokerAddresses(serviceUrl);
  }

  /**
   * A connection to the broker that owns `topic`. Partitions are asked for first: a producer on the base name of a
   * partitioned topic would succeed, and store into a topic that nobody reads.
   * @throws ProtocolError
   */
  async find(topic: string): Promise<Connection> {
    const service = await this.#serviceConnection();
    const metadata = await service.request('partitionMetadata', { topic });
    if (metadata.response === 1) {
      throw serverError(metadata.error, metadata.message);
    }
    if ((metadata.partitions ?? 0) > 0) {
      throw new ProtocolError('partitioned', `${topic} has ${metadata.partitions} partitions`);
    }
    return this.#follow(topic, service);
  }

  async #follow(topic: string, service: Connection): Promise<Connection> {
    let connection = service;
    let authoritative = false;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const answer: Commands['lookupTopicResponse'] = await connection.request('lookupTopic', {
        topic,
        authoritative,
      });
      if (answer.response !== REDIRECT && answer.response !== CONNECT) {
        throw serverError(answer.error, answer.message);
      }
      connection = await this.#pool.get(this.#brokerOf(answer, service));
      if (answer.response === CONNECT) {
        return connection;
      }
      authoritative = answer.authoritative;
    }
    throw new ProtocolError('unavailable', `more than ${MAX_REDIRECTS} redirects in the lookup of ${topic}`);
  }

  #brokerOf(answer: Commands['lookupTopicResponse'], service: Connection): BrokerAddress {
    const [broker] = answer.brokerServiceUrl ? brokerAddresses(answer.brokerServiceUrl) : [];
    if (broker === undefined) {
      throw new ProtocolError('unsupported', 'the broker of the topic has no address without TLS');
    }
    if (!answer.proxyThroughServiceUrl) {
      return broker;
    }
    const { host, port } = service.address;
    return { host, port, proxyTo: `${broker.host}:${broker.port}` };
  }

  /** A connection to one of the brokers of the service URL; the next one's turn comes when one is not reached. */
  async #serviceConnection(): Promise<Connection> {
    const address = this.#addresses[this.#next % this.#addresses.length] as BrokerAddress;
    try {
      return await this.#pool.get(address);
    } catch (error) {
      this.#next++;
      throw error;
    }
  }
}
