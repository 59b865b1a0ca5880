import { BinaryLookup } from './binary-lookup';
import type { Connection } from './connection';
import type { ConnectionPool } from './connection-pool';
import { HttpLookup } from './http-lookup';
import type { LookupService, LookupSettings } from './lookup-service';
import { ProtocolError } from './protocol-error';
import { namedUrl, parseServiceUrl } from './service-url';

/** A broker that names more is not believed: there would be a producer for each. */
const MAX_PARTITIONS = 100_000;

/** Finds the broker that owns a topic, and a connection to it. */
export class TopicLookup {
  readonly #pool: ConnectionPool;
  readonly #settings: LookupSettings;
  readonly #service: LookupService;
  /** Where topics are that have moved to another cluster. */
  readonly #migrated = new Map<string, LookupService>();

  /** @throws ProtocolError invalid-url */
  constructor(pool: ConnectionPool, settings: LookupSettings) {
    this.#pool = pool;
    this.#settings = settings;
    this.#service = this.#serviceAt(settings);
  }

  /** How many partitions `topic` has; 0 when it is not partitioned. @throws ProtocolError */
  async partitions(topic: string): Promise<number> {
    const partitions = await this.#serviceOf(topic).partitions(topic);
    if (partitions > MAX_PARTITIONS) {
      throw new ProtocolError('unavailable', `${topic} has ${partitions} partitions, it says`);
    }
    return partitions;
  }

  /** Full names of the persistent topics of `tenant/namespace`, each partition by itself. @throws ProtocolError */
  topics(namespace: string): Promise<readonly string[]> {
    return this.#service.topics(namespace);
  }

  /**
   * A connection to the broker that owns `topic`, a partition or a topic without any: ask `partitions` before. A
   * producer on the base name of a partitioned topic would succeed, and store into a topic that nobody reads.
   * @throws ProtocolError
   */
  async find(topic: string): Promise<Connection> {
    return this.#pool.share(await this.#serviceOf(topic).owner(topic));
  }

  /** `find` for a topic that must not be partitioned. @throws ProtocolError `partitions-changed` too */
  async findUnpartitioned(topic: string): Promise<Connection> {
    const partitions = await this.partitions(topic);
    if (partitions > 0) {
      throw new ProtocolError('partitions-changed', `${topic} has ${partitions} partitions now`);
    }
    return this.find(topic);
  }

  /** From now on `topic` is looked for at `serviceUrl`: it has moved there. @throws ProtocolError invalid-url, tls */
  migrated(topic: string, serviceUrl: string): void {
    // A proxy in front of the old cluster does not lead to the new one.
    const { proxyToBroker: _, ...settings } = this.#settings;
    const { tls } = parseServiceUrl(settings.serviceUrl);
    this.#migrated.set(topic, this.#serviceAt({ ...settings, serviceUrl: namedUrl(serviceUrl, tls) }));
  }

  #serviceOf(topic: string): LookupService {
    return this.#migrated.get(topic) ?? this.#service;
  }

  #serviceAt(settings: LookupSettings): LookupService {
    const service = parseServiceUrl(settings.serviceUrl);
    return service.lookup === 'http'
      ? new HttpLookup(service, settings)
      : new BinaryLookup(this.#pool, service, settings);
  }
}
