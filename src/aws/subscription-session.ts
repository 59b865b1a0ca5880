import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type OutgoingHttpHeaders,
} from 'node:http2';
import type { Socket } from 'node:net';
import type { SubscriptionSettings } from '../config/types';
import type { Clock, TimerHandle } from '../util/clock';
import type { Origin } from './dial';
import { firstEvent } from './first-event';

/** Largest DATA frame we take. Each costs a call into JavaScript: Node reads a socket in pieces of this size. */
const FRAME_BYTES = 64 * 1024;

/**
 * One HTTP/2 connection, shared by many subscriptions. Its own window is as large as those of all its streams
 * together: a stream that nobody reads fills its window and no more, and holds up no other.
 * Source: RFC 9113, 5.2 (windows), 6.7 (PING), 6.8 (GOAWAY).
 */
export class SubscriptionSession {
  readonly #session: ClientHttp2Session;
  readonly #clock: Clock;
  readonly #settings: SubscriptionSettings;
  #streams = 0;
  /** Whether there was no stream at the beat before. */
  #rested = false;
  #unanswered = false;
  #timer: TimerHandle;

  private constructor(session: ClientHttp2Session, settings: SubscriptionSettings, clock: Clock) {
    this.#session = session;
    this.#settings = settings;
    this.#clock = clock;
    this.#timer = clock.setTimer(this.#beat, settings.pingInterval);
    session.once('close', () => clock.clearTimer(this.#timer));
  }

  /**
   * Resolves once the server has sent its settings; without them it is no HTTP/2 server.
   * @throws the error of the connection, the signal's reason
   */
  static async open(
    socket: Socket,
    { protocol, hostname, port }: Origin,
    settings: SubscriptionSettings,
    clock: Clock,
    signal: AbortSignal,
  ): Promise<SubscriptionSession> {
    const session = connect(`${protocol}//${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: settings.windowBytes, maxFrameSize: FRAME_BYTES },
    });
    await firstEvent(session, 'remoteSettings', signal);
    session.setLocalWindowSize(settings.windowBytes * settings.perConnection);
    return new SubscriptionSession(session, settings, clock);
  }

  /** Whether it takes one more stream: not once either side has said goodbye. */
  get hasRoom(): boolean {
    const { closed, destroyed, remoteSettings: remote } = this.#session;
    const most = Math.min(
      this.#settings.perConnection,
      remote?.maxConcurrentStreams ?? Number.POSITIVE_INFINITY,
    );
    return !closed && !destroyed && this.#streams < most;
  }

  /** Only while it has room. */
  request(headers: OutgoingHttpHeaders, body: Uint8Array): ClientHttp2Stream {
    const stream = this.#session.request(headers, { endStream: false });
    this.#streams++;
    stream.once('close', () => {
      this.#streams--;
    });
    stream.end(body);
    return stream;
  }

  /** @param listener told once it is no more. */
  onClose(listener: () => void): void {
    this.#session.once('close', listener);
  }

  /** Ends it and all its streams at once. */
  destroy(): void {
    this.#session.destroy();
  }

  readonly #beat = (): void => {
    const session = this.#session;
    if (session.destroyed) {
      return;
    }
    if (this.#streams === 0 && this.#rested) {
      session.close();
      return;
    }
    if (this.#unanswered) {
      session.destroy(unanswered(this.#settings.pingInterval));
      return;
    }
    this.#rested = this.#streams === 0;
    this.#unanswered = true;
    session.ping(() => {
      this.#unanswered = false;
    });
    this.#timer = this.#clock.setTimer(this.#beat, this.#settings.pingInterval);
  };
}

function unanswered(ms: number): Error {
  return Object.assign(new Error(`the server did not answer a PING within ${ms} ms`), { code: 'ETIMEDOUT' });
}
