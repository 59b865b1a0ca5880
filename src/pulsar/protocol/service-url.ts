import type { BrokerAddress } from './endpoint';
import { asProtocolError, ProtocolError } from './protocol-error';

/** Source: Pulsar `ServiceURI`. */
const DEFAULT_PORTS: { readonly [scheme: string]: number } = {
  pulsar: 6650,
  'pulsar+ssl': 6651,
  http: 80,
  https: 443,
};

const SERVICE_URL = /^(pulsar|pulsar\+ssl|http|https):\/\/([^/]+)\/?$/;

/** What a service URL says: `pulsar[+ssl]://host:port,host:port`, or `http[s]://…` for lookups by REST. */
export interface ServiceUrl {
  /** By which protocol the owners of topics are asked for. */
  readonly lookup: 'binary' | 'http';
  /** Whether to that service, and to brokers. */
  readonly tls: boolean;
  /** At least one. */
  readonly addresses: readonly BrokerAddress[];
}

/** The port may be left out, also behind one host of several. @throws ProtocolError invalid-url */
export function parseServiceUrl(serviceUrl: string): ServiceUrl {
  const [, scheme = '', hosts = ''] = SERVICE_URL.exec(serviceUrl) ?? [];
  const port = DEFAULT_PORTS[scheme];
  if (port === undefined) {
    throw new ProtocolError('invalid-url', `'${serviceUrl}' is not pulsar://<host>:<port>`);
  }
  const tls = scheme === 'pulsar+ssl' || scheme === 'https';
  return {
    lookup: scheme.startsWith('http') ? 'http' : 'binary',
    tls,
    addresses: hosts.split(',').map((host) => addressOf(host, port, tls, serviceUrl)),
  };
}

/** The first address of a URL as brokers give it. @throws ProtocolError invalid-url */
export function brokerAddress(url: string): BrokerAddress {
  return parseServiceUrl(url).addresses[0] as BrokerAddress;
}

/**
 * `url`, which a service of that kind names, or names none. One with TLS must not lead out of it: what proves who we
 * are would go there.
 * @throws ProtocolError unsupported, tls
 */
export function namedUrl(url: unknown, tls: boolean): string {
  if (typeof url !== 'string' || url === '') {
    const kind = tls ? 'with' : 'without';
    throw new ProtocolError('unsupported', `the broker of the topic has no address ${kind} TLS`);
  }
  if (tls && !parseServiceUrl(url).tls) {
    throw new ProtocolError('tls', `a service with TLS leads to ${url}, which has none`);
  }
  return url;
}

function addressOf(host: string, defaultPort: number, tls: boolean, serviceUrl: string): BrokerAddress {
  // The URL class knows ports and IPv6 brackets of http only.
  const url = `http://${host}`;
  if (!URL.canParse(url)) {
    throw new ProtocolError('invalid-url', `'${host}' in '${serviceUrl}' is not <host>:<port>`);
  }
  const { hostname, port } = new URL(url);
  const unset = /:80$/.test(host) ? 80 : defaultPort;
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? unset : Number(port),
    ...(tls ? { tls } : {}),
  };
}

/** The addresses of a service URL, each in its turn: one that fails goes to the end. */
export class ServiceAddresses {
  readonly #addresses: BrokerAddress[];

  /** @param addresses at least one. */
  constructor(addresses: readonly BrokerAddress[]) {
    this.#addresses = [...addresses];
  }

  /** What `attempt` makes of the first address that is reached. @throws ProtocolError of the last one tried. */
  async reach<T>(attempt: (address: BrokerAddress) => Promise<T>): Promise<T> {
    for (let left = this.#addresses.length - 1; ; left--) {
      const address = this.#addresses[0] as BrokerAddress;
      try {
        return await attempt(address);
      } catch (error) {
        this.#putLast(address);
        if (left === 0 || !asProtocolError(error, 'unknown').transient) {
          throw error;
        }
      }
    }
  }

  #putLast(address: BrokerAddress): void {
    // Many ask at once: the first one that failed has put it there.
    if (this.#addresses[0] === address) {
      this.#addresses.push(...this.#addresses.splice(0, 1));
    }
  }
}
