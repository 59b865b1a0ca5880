import type { AwsSettings } from '../config/types';
import { ConnectorError } from '../errors';
import { allowManyListeners, follow } from '../util/abort';
import type { Clock } from '../util/clock';
import { withDeadline } from '../util/deadline';
import { type Alpn, agreedOnHttp2, type Dial, notConnected, type Origin } from './dial';
import {
  type ExchangeAnswer,
  type ExchangeRequest,
  exchangeHttp1,
  exchangeHttp2,
  http2Headers,
} from './subscription-exchange';
import { SubscriptionSession } from './subscription-session';
import { SubscriptionSessions } from './subscription-sessions';

/** What connections offer over TLS; the server chooses. */
const HTTP2_OR_1: readonly Alpn[] = ['h2', 'http/1.1'];
const HTTP1: readonly Alpn[] = ['http/1.1'];

/** How requests reach one origin. */
interface Route {
  readonly sessions: SubscriptionSessions;
  /** Known or taken to speak HTTP/1.1 only. */
  http1: boolean;
}

/** The connections of enhanced fan-out: subscriptions share them over HTTP/2 and have one each over HTTP/1.1. */
export class SubscriptionConnections {
  readonly #settings: AwsSettings;
  readonly #clock: Clock;
  readonly #dial: Dial;
  readonly #routes = new Map<string, Route>();
  readonly #answers = new Set<ExchangeAnswer>();
  readonly #closing = new AbortController();

  constructor(settings: AwsSettings, clock: Clock, dial: Dial) {
    this.#settings = settings;
    this.#clock = clock;
    this.#dial = dial;
    allowManyListeners(this.#closing.signal);
  }

  /**
   * Sends a request and waits for the headers of its answer.
   * @throws a TimeoutError, the error of the connection, the signal's reason, ConnectorError SOURCE_CLOSED
   */
  async open(request: ExchangeRequest, signal?: AbortSignal): Promise<ExchangeAnswer> {
    const stop = new AbortController();
    const followed = [this.#closing.signal, ...(signal === undefined ? [] : [signal])];
    const unfollow = followed.map((one) => follow(one, stop));
    try {
      const answer = await this.#exchange(request, stop.signal);
      if (stop.signal.aborted) {
        answer.close();
        throw stop.signal.reason;
      }
      this.#answers.add(answer);
      answer.body.once('close', () => this.#answers.delete(answer));
      return answer;
    } finally {
      for (const end of unfollow) {
        end();
      }
    }
  }

  /** Ends everything at once; nothing can be opened any more. */
  close(): void {
    this.#closing.abort(
      new ConnectorError('SOURCE_CLOSED', 'the connections of enhanced fan-out are closed'),
    );
    for (const answer of this.#answers) {
      answer.close();
    }
    for (const { sessions } of this.#routes.values()) {
      sessions.destroy();
    }
  }

  async #exchange(request: ExchangeRequest, signal: AbortSignal): Promise<ExchangeAnswer> {
    const { origin, body } = request;
    const route = this.#routeTo(origin);
    if (!route.http1) {
      const stream = await route.sessions.request(http2Headers(request), body, signal);
      if (stream !== undefined) {
        return this.#answered(stream, signal, (limit) => exchangeHttp2(stream, limit));
      }
      route.http1 = true;
    }
    const socket = await this.#connected(origin, signal, (limit) => this.#dial(origin, HTTP1, limit));
    return this.#answered(socket, signal, (limit) => exchangeHttp1(socket, request, limit));
  }

  #routeTo(origin: Origin): Route {
    const name = `${origin.protocol}//${origin.hostname}:${origin.port}`;
    const known = this.#routes.get(name);
    if (known !== undefined) {
      return known;
    }
    const { protocol } = this.#settings.subscriptions;
    // Without TLS there is no way to ask a server what it speaks.
    const http1 = protocol === 'http1' || (protocol === 'auto' && origin.protocol === 'http:');
    const route = { sessions: new SubscriptionSessions(() => this.#openSession(origin)), http1 };
    this.#routes.set(name, route);
    return route;
  }

  /** Undefined when the server chose HTTP/1.1. */
  #openSession(origin: Origin): Promise<SubscriptionSession | undefined> {
    const { subscriptions } = this.#settings;
    return this.#connected(origin, this.#closing.signal, async (limit) => {
      const socket = await this.#dial(origin, HTTP2_OR_1, limit);
      if (origin.protocol === 'http:' || agreedOnHttp2(socket)) {
        return SubscriptionSession.open(socket, origin, subscriptions, this.#clock, limit);
      }
      socket.destroy();
      if (subscriptions.protocol === 'http2') {
        throw new ConnectorError('AWS_TLS', `${origin.hostname} does not speak HTTP/2`, {
          hint: 'Set aws.subscribeProtocol to auto.',
        });
      }
      return undefined;
    });
  }

  async #connected<T extends Connection | undefined>(
    origin: Origin,
    signal: AbortSignal,
    work: (limit: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { connectTimeout: ms } = this.#settings;
    let connection: T | undefined;
    let late = false;
    const timeout = (): Error => notConnected(this.#settings, origin, ms);
    try {
      return await withDeadline(this.#clock, ms, signal, timeout, async (limit) => {
        connection = await work(limit);
        if (late) {
          connection?.destroy();
        }
        return connection;
      });
    } catch (error) {
      late = true;
      connection?.destroy();
      throw error;
    }
  }

  async #answered<T>(
    connection: Connection,
    signal: AbortSignal,
    work: (limit: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { requestTimeout: ms } = this.#settings;
    const timeout = (): Error =>
      Object.assign(new Error(`no answer within ${ms} ms`), { name: 'TimeoutError' });
    try {
      return await withDeadline(this.#clock, ms, signal, timeout, work);
    } catch (error) {
      connection.destroy();
      throw error;
    }
  }
}

/** What is given up when it comes too late. */
interface Connection {
  destroy(): unknown;
}
