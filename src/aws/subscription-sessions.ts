import type { ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';
import { ConnectorError } from '../errors';
import { abortable, throwIfAborted } from '../util/abort';
import type { SubscriptionSession } from './subscription-session';

/**
 * The HTTP/2 connections to one origin. One is opened at a time, and only when all others are full: what asks
 * meanwhile waits for it, and fails with it.
 */
export class SubscriptionSessions {
  readonly #open: () => Promise<SubscriptionSession | undefined>;
  readonly #sessions = new Set<SubscriptionSession>();
  /** Whether it speaks HTTP/2. */
  #opening: Promise<boolean> | undefined;
  #destroyed = false;

  /** @param open connects, within bounds; undefined: the server does not speak HTTP/2. */
  constructor(open: () => Promise<SubscriptionSession | undefined>) {
    this.#open = open;
  }

  /**
   * Opens a stream with a request; undefined when the server does not speak HTTP/2.
   * @throws the error of the connection, the signal's reason
   */
  async request(
    headers: OutgoingHttpHeaders,
    body: Uint8Array,
    signal: AbortSignal,
  ): Promise<ClientHttp2Stream | undefined> {
    for (;;) {
      throwIfAborted(signal);
      for (const session of this.#sessions) {
        if (session.hasRoom) {
          return session.request(headers, body);
        }
      }
      this.#opening ??= this.#add().finally(() => {
        this.#opening = undefined;
      });
      if (!(await abortable(this.#opening, signal))) {
        return undefined;
      }
    }
  }

  /** Ends all at once. */
  destroy(): void {
    this.#destroyed = true;
    for (const session of this.#sessions) {
      session.destroy();
    }
  }

  async #add(): Promise<boolean> {
    const session = await this.#open();
    if (session === undefined) {
      return false;
    }
    if (this.#destroyed || !session.hasRoom) {
      session.destroy();
      throw new ConnectorError('AWS_UNAVAILABLE', 'a new HTTP/2 connection takes no stream');
    }
    this.#sessions.add(session);
    session.onClose(() => this.#sessions.delete(session));
    return true;
  }
}
