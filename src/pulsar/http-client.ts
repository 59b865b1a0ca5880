import { type IncomingMessage, request as startRequest } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../util/clock';
import { deferred } from '../util/deferred';
import { connectionError, type HttpAnswer, ProtocolError, type SecureSocket } from './protocol';

/** The topics of a namespace are the longest answer: some hundred thousand names. */
const MAX_BODY_BYTES = 32 * 1024 * 1024;

export interface HttpParts {
  readonly clock: Clock;
  /** Starts a TCP connection; must not throw. */
  readonly connect: (host: string, port: number) => Socket;
  /** For `https:`; asked at every request. */
  readonly tls: () => Promise<SecureSocket>;
  /** Milliseconds a request may take. */
  readonly timeout: number;
}

export interface HttpRequest {
  readonly url: URL;
  /** GET when absent. */
  readonly method?: string;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: string;
}

/** One connection a request: what is asked by HTTP is asked seldom. Follows no redirects. */
export class HttpClient {
  readonly #parts: HttpParts;

  constructor(parts: HttpParts) {
    this.#parts = parts;
  }

  /** The answer, of whatever status. @throws ProtocolError unavailable, tls */
  async send(request: HttpRequest): Promise<HttpAnswer> {
    const { clock, timeout, tls } = this.#parts;
    const { hostname, host, protocol } = request.url;
    const secure = protocol === 'https:' ? await tls() : undefined;
    const name = hostname.replace(/^\[|\]$/g, '');
    const tcp = this.#parts.connect(name, Number(request.url.port) || (secure === undefined ? 80 : 443));
    // A request whose connection was taken over by something else hears of nothing any more.
    const overdue = deferred<never>();
    const timer = clock.setTimer(
      () => overdue.reject(new ProtocolError('unavailable', `no answer from ${host} within ${timeout} ms`)),
      timeout,
    );
    try {
      const answer = exchange(request, tcp, secure && (() => secure(tcp, name)));
      return await Promise.race([answer, overdue.promise]);
    } catch (error) {
      throw error instanceof ProtocolError ? error : connectionError(host, error as Error);
    } finally {
      clock.clearTimer(timer);
      tcp.destroy();
    }
  }
}

function exchange(
  { url, method, headers, body }: HttpRequest,
  tcp: Socket,
  secure: (() => Socket) | undefined,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const request = startRequest({
      method: method ?? 'GET',
      path: `${url.pathname}${url.search}`,
      headers: { host: url.host, connection: 'close', accept: 'application/json', ...length, ...headers },
      createConnection: (_options, ready) => {
        if (secure === undefined) {
          return tcp;
        }
        tcp.once('connect', () => ready(null, secure()));
        return undefined;
      },
    });
    request.on('response', (response) => read(response).then(resolve, reject));
    request.on('error', reject);
    tcp.on('error', reject);
    request.end(body);
  });
}

async function read(response: IncomingMessage): Promise<HttpAnswer> {
  const { statusCode = 0, headers } = response;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) {
      throw new ProtocolError('unavailable', `an answer of more than ${MAX_BODY_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks).toString();
  return {
    status: statusCode,
    body,
    ...(headers.location === undefined ? {} : { location: headers.location }),
  };
}
