import { constants } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import WebSocket from 'ws';
import { ConnectorError } from '../errors';
import type { Clock, TimerHandle } from '../util/clock';
import { type Deferred, deferred } from '../util/deferred';
import { resolvesWithin } from '../util/limited-wait';
import { connectionError } from './protocol';
import { connectorError } from './protocol-errors';
import { type EndpointKind, handshakeRefusal } from './websocket-refusals';

/**
 * Largest frame that is read: a message of any size may come, put together from chunks by the service. Of a larger one
 * no string can be made.
 */
const MAX_FRAME_BYTES = constants.MAX_STRING_LENGTH;
/** Of an answer that refuses the handshake. */
const MAX_REFUSAL_BYTES = 64 * 1024;
/** Frame above the limit of the service. Source: RFC 6455 §7.4.1. */
const TOO_BIG = 1009;

/** Who is told what comes in. Called from the moment the handshake is answered: messages may come along with it. */
export interface SessionListener {
  message(text: string): void;
  /** The session has ended, not by us. Called once. @param refusedAbove limit of the service that a frame exceeded. */
  ended(error: ConnectorError, refusedAbove?: number): void;
}

export interface SessionOptions {
  readonly clock: Clock;
  readonly kind: EndpointKind;
  readonly url: string;
  readonly headers: { readonly [name: string]: string };
  /** Starts the connection; `secure` puts TLS on top of it once it is connected. */
  readonly connect: () => { readonly tcp: Socket; readonly secure: (() => Socket) | undefined };
  /** Milliseconds until the connection stands, and until the handshake is answered behind that. */
  readonly connectionTimeout: number;
  readonly answerTimeout: number;
  /** Milliseconds without traffic after which the service is pinged. */
  readonly keepAliveInterval: number;
  readonly listener: SessionListener;
}

/** Takes the socket of a request. */
type Ready = (error: null, socket: Socket) => void;

type State = 'CONNECTING' | 'OPEN' | 'CLOSED';

/** One WebSocket to the service: a producer or a consumer there, for as long as it stands. */
export class WebSocketSession {
  readonly #options: SessionOptions;
  readonly #socket: WebSocket;
  #tcp: Socket | undefined;
  readonly #opened = deferred<void>();
  readonly #closed = deferred<void>();
  /** Pings without a pong, oldest first. */
  readonly #pings: Deferred<void>[] = [];
  #state: State = 'CONNECTING';
  #heard = true;
  #timer: TimerHandle | undefined;

  private constructor(options: SessionOptions) {
    this.#options = options;
    this.#socket = new WebSocket(options.url, {
      headers: options.headers,
      perMessageDeflate: false,
      maxPayload: MAX_FRAME_BYTES,
      createConnection: (_options: unknown, ready: Ready) => this.#connect(ready),
    });
    this.#await(options.connectionTimeout, 'no connection');
    this.#listen();
  }

  /** A session whose handshake was answered; `signal` ends it until then. @throws ConnectorError */
  static async open(options: SessionOptions, signal: AbortSignal): Promise<WebSocketSession> {
    const session = new WebSocketSession(options);
    const onAbort = (): void => session.destroy();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await session.#opened.promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
    return session;
  }

  /** Resolves when the connection has ended, for whatever reason. */
  get ended(): Promise<void> {
    return this.#closed.promise;
  }

  /** Bytes that were sent and not yet handed to the operating system. */
  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** @param flushed called once it was handed to the operating system. */
  send(text: string, flushed?: () => void): void {
    if (this.#state === 'OPEN') {
      this.#socket.send(text, () => flushed?.());
    }
  }

  /** Resolves when the service has read everything that was sent before. Never rejects; pending when it ends. */
  ping(): Promise<void> {
    const pong = deferred<void>();
    this.#pings.push(pong);
    if (this.#state === 'OPEN') {
      this.#socket.ping();
    }
    return pong.promise;
  }

  /**
   * Ends the session: what was sent is read by the service first. Never rejects.
   * @returns false when the service did not answer within `deadlineMs`, and the connection was destroyed.
   */
  async close(deadlineMs: number): Promise<boolean> {
    if (this.#state === 'OPEN') {
      this.#state = 'CLOSED';
      this.#socket.close(1000);
    }
    const answered = await resolvesWithin(this.#options.clock, deadlineMs, this.#closed.promise);
    this.destroy();
    return answered;
  }

  /** Ends the session at once. */
  destroy(): void {
    this.#end(new ConnectorError('PULSAR_CLOSED', 'the connection was closed'));
    this.#cutOff();
  }

  #connect(ready: Ready): Socket | undefined {
    const { tcp, secure } = this.#options.connect();
    this.#tcp = tcp;
    // What breaks below TLS, or before there is any, is heard of there only.
    tcp.on('error', (error) => this.#failed(error));
    const stands = (): void => {
      if (this.#state === 'CONNECTING') {
        this.#await(this.#options.answerTimeout, 'no answer to the handshake');
      }
    };
    if (secure === undefined) {
      return tcp.once('connect', stands);
    }
    tcp.once('connect', () => ready(null, secure().once('secureConnect', stands)));
    return undefined;
  }

  #cutOff(): void {
    this.#socket.terminate();
    // The other one does not have it until it is connected.
    this.#tcp?.destroy();
  }

  #listen(): void {
    const socket = this.#socket;
    socket.on('message', (data) => {
      this.#heard = true;
      if (this.#state !== 'CLOSED') {
        this.#options.listener.message(data.toString());
      }
    });
    socket.on('pong', () => {
      this.#heard = true;
      this.#pings.shift()?.resolve();
    });
    socket.on('open', () => {
      if (this.#state === 'CONNECTING') {
        this.#state = 'OPEN';
        this.#keepAlive();
        this.#opened.resolve();
      }
    });
    socket.on('unexpected-response', (_request, response) => void this.#refused(response));
    socket.on('error', (error) => this.#failed(error));
    socket.on('close', (code, reason) => {
      this.#closed.resolve();
      this.#lost(code, reason.toString());
    });
  }

  async #refused(response: IncomingMessage): Promise<void> {
    let body = '';
    try {
      for await (const chunk of response as AsyncIterable<Buffer>) {
        body += chunk.toString();
        if (body.length > MAX_REFUSAL_BYTES) {
          break;
        }
      }
    } catch {
      // The status says enough.
    }
    this.#end(handshakeRefusal(this.#options.kind, response.statusCode ?? 0, body));
    this.#cutOff();
  }

  #failed(cause: Error): void {
    this.#end(connectorError(connectionError(new URL(this.#options.url).host, cause)));
    this.#cutOff();
  }

  #lost(code: number, reason: string): void {
    const text = `the service has ended the connection (${code}${reason === '' ? '' : `: ${reason}`})`;
    const [, limit] = /configured max of \[(\d+)\]/.exec(reason) ?? [];
    if (code === TOO_BIG) {
      const error = new ConnectorError('PULSAR_MESSAGE_TOO_LARGE', text, {
        hint: 'Set pulsar.webSocketMaxFrameBytes to the webSocketMaxTextFrameSize of the service.',
      });
      this.#end(error, Number(limit) || undefined);
    } else {
      this.#end(new ConnectorError('PULSAR_UNAVAILABLE', text));
    }
  }

  #end(error: ConnectorError, refusedAbove?: number): void {
    const state = this.#state;
    this.#state = 'CLOSED';
    this.#stopTimer();
    if (state === 'CONNECTING') {
      this.#opened.reject(error);
    } else if (state === 'OPEN' && error.code !== 'PULSAR_CLOSED') {
      this.#options.listener.ended(error, refusedAbove);
    }
  }

  #await(ms: number, missing: string): void {
    this.#stopTimer();
    this.#timer = this.#options.clock.setTimer(() => {
      this.#end(new ConnectorError('PULSAR_UNAVAILABLE', `${missing} within ${ms} ms`));
      this.#cutOff();
    }, ms);
  }

  /** Pings at every interval: a service that was silent between two is dead. */
  #keepAlive(): void {
    this.#stopTimer();
    this.#timer = this.#options.clock.setTimer(() => {
      if (!this.#heard) {
        this.#end(new ConnectorError('PULSAR_UNAVAILABLE', 'the service does not answer pings'));
        this.#cutOff();
        return;
      }
      this.#heard = false;
      void this.ping();
      this.#keepAlive();
    }, this.#options.keepAliveInterval);
  }

  #stopTimer(): void {
    if (this.#timer !== undefined) {
      this.#options.clock.clearTimer(this.#timer);
      this.#timer = undefined;
    }
  }
}
