import type { ConnectorError } from '../errors';
import { deferred } from '../util/deferred';
import type { WebSocketDialer } from './websocket-dialer';
import type { ConsumerCommand } from './websocket-frames';
import type { WebSocketSession } from './websocket-session';

export interface WebSocketLinkParts {
  readonly dialer: WebSocketDialer;
  /** Of the consumer, behind `/ws/v2/`. */
  readonly path: string;
  readonly message: (text: string) => void;
  /** There is a consumer at the service, which knows nothing yet. */
  readonly opened: () => void;
  /** The consumer at the service is gone; a new one is asked for. */
  readonly lost: (error: ConnectorError) => void;
  /** There will be none any more. */
  readonly refused: (error: unknown) => void;
}

/** The consumer at the service: one session at a time, and the next one as soon as it is lost. */
export class WebSocketLink {
  readonly #parts: WebSocketLinkParts;
  readonly #ended = new AbortController();
  #session: WebSocketSession | undefined;
  /** Sessions lost since a message came: a service that takes a consumer may end it at once, again and again. */
  #vain = 0;
  /** Resolves with the session there is, or that comes next. */
  #place = deferred<WebSocketSession>();

  constructor(parts: WebSocketLinkParts) {
    this.#parts = parts;
  }

  /** The first session. @param deadline monotonic instant. @throws ConnectorError */
  open(deadline: number, signal: AbortSignal): Promise<void> {
    return this.#connect(deadline, signal);
  }

  get connected(): boolean {
    return this.#session !== undefined;
  }

  get ended(): boolean {
    return this.#ended.signal.aborted;
  }

  /** Goes nowhere while there is no session. */
  tell(command: ConsumerCommand): void {
    this.#session?.send(JSON.stringify(command));
  }

  /**
   * Resolves with true once the service has read what was told to the session that there is, or comes next, and with
   * false when that was lost first. Pending when none comes.
   * @param begin is called when there is one.
   */
  async heard(begin: () => void): Promise<boolean> {
    const session = await this.#place.promise;
    begin();
    return Promise.race([session.ping().then(() => true), session.ended.then(() => false)]);
  }

  /** Ends the session in order; there is none from now on. @returns whether the service has answered. */
  async close(deadlineMs: number): Promise<boolean> {
    const session = this.#session;
    this.#session = undefined;
    this.#ended.abort();
    return (await session?.close(deadlineMs)) ?? false;
  }

  /** There is no session from now on. */
  end(): void {
    this.#ended.abort();
    this.#session?.destroy();
    this.#session = undefined;
  }

  async #connect(deadline: number, signal: AbortSignal): Promise<void> {
    let lost: ConnectorError | undefined;
    // Messages count from the handshake on: they may come along with it.
    const listener = {
      message: (text: string) => {
        if (!this.ended) {
          this.#vain = 0;
          this.#parts.message(text);
        }
      },
      ended: (error: ConnectorError) => {
        lost = error;
        if (this.#session !== undefined) {
          this.#place = deferred();
          this.#lost(error);
        }
      },
    };
    const { dialer, path } = this.#parts;
    const session = await dialer.dial({ kind: 'consumer', path, listener }, deadline, signal);
    if (signal.aborted) {
      session.destroy();
      throw signal.reason;
    }
    if (lost !== undefined) {
      this.#lost(lost);
      return;
    }
    this.#session = session;
    this.#parts.opened();
    this.#place.resolve(session);
  }

  #lost(error: ConnectorError): void {
    this.#session = undefined;
    if (!this.ended) {
      this.#parts.lost(error);
      void this.#reconnect();
    }
  }

  async #reconnect(): Promise<void> {
    const { signal } = this.#ended;
    try {
      await this.#parts.dialer.pause(this.#vain++, signal);
      await this.#connect(Number.POSITIVE_INFINITY, signal);
    } catch (error) {
      if (!signal.aborted) {
        this.#parts.refused(error);
      }
    }
  }
}
