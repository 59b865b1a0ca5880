import { jsonFields } from '../../util/json-fields';
import type { BrokerAddress } from './endpoint';
import type { HttpAnswer, LookupService, LookupSettings } from './lookup-service';
import { ProtocolError, type ProtocolErrorKind } from './protocol-error';
import { followRedirects } from './redirects';
import { brokerAddress, namedUrl, ServiceAddresses, type ServiceUrl } from './service-url';
import { topicPath } from './topic-name';

/** Source: Pulsar `TopicLookup`, `PersistentTopics.getPartitionedMetadata`; statuses left out are unknown. */
const KINDS: { readonly [status: number]: ProtocolErrorKind } = {
  401: 'authentication',
  403: 'authorization',
  404: 'topic-not-found',
  406: 'invalid-topic',
  408: 'unavailable',
  412: 'invalid-topic',
  429: 'unavailable',
};

type Fields = { readonly [name: string]: unknown };

/** Lookups by REST. The broker that a topic belongs to is then reached by the binary protocol. */
export class HttpLookup implements LookupService {
  readonly #settings: LookupSettings;
  readonly #tls: boolean;
  readonly #addresses: ServiceAddresses;

  constructor(service: ServiceUrl, settings: LookupSettings) {
    this.#settings = settings;
    this.#tls = service.tls;
    this.#addresses = new ServiceAddresses(service.addresses);
  }

  async partitions(topic: string): Promise<number> {
    // As PARTITIONED_METADATA does: where topics are created as partitioned ones, this creates it.
    const answer = await this.#get(`/admin/v2/${topicPath(topic)}/partitions?checkAllowAutoCreation=true`);
    if (typeof answer.partitions !== 'number') {
      // Taken for none, messages would go where nobody reads.
      throw new ProtocolError('unavailable', `no number of partitions in the answer for ${topic}`);
    }
    return answer.partitions;
  }

  async topics(namespace: string): Promise<readonly string[]> {
    return this.#get(`/admin/v2/namespaces/${namespace}/topics?mode=PERSISTENT`, jsonTexts);
  }

  async owner(topic: string): Promise<BrokerAddress> {
    const { listenerName } = this.#settings;
    const query = listenerName === undefined ? '' : `?listenerName=${encodeURIComponent(listenerName)}`;
    const answer = await this.#get(`/lookup/v2/topic/${topicPath(topic)}${query}`);
    return brokerAddress(namedUrl(this.#tls ? answer.brokerUrlTls : answer.brokerUrl, this.#tls));
  }

  #get(path: string): Promise<Fields>;
  #get<T>(path: string, parse: (body: string) => T | undefined): Promise<T>;
  #get(path: string, parse: (body: string) => unknown = jsonFields): Promise<unknown> {
    return this.#addresses.reach(({ host, port }) => {
      const name = host.includes(':') ? `[${host}]` : host;
      return this.#follow(new URL(`${this.#tls ? 'https' : 'http'}://${name}:${port}${path}`), parse);
    });
  }

  async #follow(first: URL, parse: (body: string) => unknown): Promise<unknown> {
    const { httpGet, maxLookupRedirects } = this.#settings;
    if (httpGet === undefined) {
      throw new ProtocolError('unsupported', 'this client cannot ask by HTTP');
    }
    const { url, answer } = await followRedirects(first, maxLookupRedirects, httpGet);
    return read(url, answer, parse);
  }
}

/** The texts that `body` holds as a JSON list; undefined when it holds none. */
function jsonTexts(body: string): readonly string[] | undefined {
  // A list in a mapping is read by the one way there is to read JSON that others have written.
  const list = jsonFields(`{"list":${body}}`)?.list;
  return Array.isArray(list) ? list.map(String) : undefined;
}

function read(url: URL, { status, body }: HttpAnswer, parse: (body: string) => unknown): unknown {
  const found = status === 200 ? parse(body) : undefined;
  if (found === undefined) {
    const kind = httpErrorKind(status);
    const reason = jsonFields(body)?.reason;
    const why = typeof reason === 'string' ? reason : `HTTP status ${status}`;
    throw new ProtocolError(kind, `${url.host} answers: ${why}`);
  }
  return found;
}

/** What an answer of that status means that is no success. */
export function httpErrorKind(status: number): ProtocolErrorKind {
  return status >= 500 ? 'unavailable' : (KINDS[status] ?? 'unknown');
}
