import type { PulsarSettings } from '../config/types';
import { ConnectorError, isConnectorError } from '../errors';
import { abortable } from '../util/abort';
import { fullJitter } from '../util/backoff';
import { sleep } from '../util/clock';
import type { Random } from '../util/random';
import { authenticationHeaders } from './authentication';
import { type ClientConnection, type ConnectionParts, clientConnection } from './client-connection';
import type { HttpAnswer } from './protocol';
import { connectorError } from './protocol-errors';
import type { EndpointKind } from './websocket-refusals';
import { type SessionListener, WebSocketSession } from './websocket-session';

const SERVICE_URL = /^(wss?):\/\/([^/]+)\/?$/;
const BACKOFF = { initialMs: 50, maxMs: 5000 };
/** Tries in a row that end in an error that may or may not heal. */
const MAX_UNSURE = 10;

export interface DialerParts extends ConnectionParts {
  readonly random: Random;
}

/** What a session is for. */
export interface Endpoint {
  readonly kind: EndpointKind;
  /** Behind `/ws/v2/`. */
  readonly path: string;
  readonly listener: SessionListener;
}

/** Opens sessions at the service, at one of its addresses. */
export class WebSocketDialer {
  readonly #connection: ClientConnection;
  readonly #random: Random;
  readonly #secure: boolean;
  /** `host[:port]`; one that failed goes to the end. */
  readonly #hosts: string[];

  /** @throws ConnectorError CONFIG_INVALID */
  constructor(pulsar: PulsarSettings, parts: DialerParts) {
    const [, scheme = '', hosts = ''] = SERVICE_URL.exec(pulsar.serviceUrl) ?? [];
    this.#secure = scheme === 'wss';
    this.#hosts = hosts.split(',');
    if (this.#hosts.some((host) => !URL.canParse(`http://${host}`) || host === '')) {
      throw new ConnectorError('CONFIG_INVALID', `'${pulsar.serviceUrl}' is not ws[s]://<host>:<port>`);
    }
    this.#connection = clientConnection(pulsar, parts);
    this.#random = parts.random;
  }

  /** Address of the service for plain HTTP. */
  get httpUrl(): string {
    return `${this.#secure ? 'https' : 'http'}://${this.#hosts[0]}`;
  }

  /** GET with our authentication. @throws ProtocolError unavailable, tls */
  readonly get = (url: URL): Promise<HttpAnswer> => this.#connection.http({ url });

  /**
   * A session, tried for until `deadline`, a monotonic instant.
   * @throws ConnectorError of the last try when it cannot heal, or did not in time; the signal's reason
   */
  async dial(endpoint: Endpoint, deadline: number, signal: AbortSignal): Promise<WebSocketSession> {
    const { clock } = this.#connection;
    let unsure = 0;
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#open(endpoint, Math.max(1, deadline - clock.monotonic()), signal);
      } catch (thrown) {
        signal.throwIfAborted();
        const error = connectorError(thrown);
        unsure = error.treatment === 'bounded' ? unsure + 1 : 0;
        const wait = fullJitter(attempt, BACKOFF, this.#random);
        if (!error.retryable || unsure > MAX_UNSURE || clock.monotonic() + wait >= deadline) {
          throw error;
        }
        await sleep(clock, wait, signal);
      }
    }
  }

  /** Waits when the last `vain` sessions in a row have brought nothing. @throws the signal's reason */
  async pause(vain: number, signal: AbortSignal): Promise<void> {
    if (vain > 0) {
      await sleep(this.#connection.clock, fullJitter(vain - 1, BACKOFF, this.#random), signal);
    }
  }

  /** One try at each address until one answers. */
  async #open(endpoint: Endpoint, withinMs: number, signal: AbortSignal): Promise<WebSocketSession> {
    const { clock, connect, tls, authentication, connectionTimeout, keepAliveInterval, operationTimeout } =
      this.#connection;
    for (let left = this.#hosts.length; ; left--) {
      const host = this.#hosts[0] as string;
      const secure = this.#secure ? await tls?.() : undefined;
      // An issuer of tokens that is silent must not hold up who has given up.
      const headers = await abortable(authenticationHeaders(authentication), signal);
      const { hostname, port } = new URL(`${this.#secure ? 'https' : 'http'}://${host}`);
      const name = hostname.replace(/^\[|\]$/g, '');
      try {
        return await WebSocketSession.open(
          {
            clock,
            kind: endpoint.kind,
            url: `${this.#secure ? 'wss' : 'ws'}://${host}/ws/v2/${endpoint.path}`,
            headers,
            connect: () => {
              const tcp = connect(name, Number(port) || (this.#secure ? 443 : 80));
              return { tcp, secure: secure && (() => secure(tcp, name)) };
            },
            connectionTimeout: Math.min(connectionTimeout, withinMs),
            answerTimeout: Math.min(operationTimeout, withinMs),
            keepAliveInterval,
            listener: endpoint.listener,
          },
          signal,
        );
      } catch (error) {
        if (this.#hosts[0] === host) {
          this.#hosts.push(...this.#hosts.splice(0, 1));
        }
        if (left === 1 || !isConnectorError(error, 'PULSAR_UNAVAILABLE')) {
          throw error;
        }
      }
    }
  }
}
