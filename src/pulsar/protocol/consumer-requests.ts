import { abortable } from '../../util/abort';
import { sleep } from '../../util/clock';
import { type Deferred, deferred } from '../../util/deferred';
import type { MessageIdData, SchemaData } from './command';
import type { Connection } from './connection';
import type { ConsumerParts } from './consumer-parts';
import { asProtocolError, ProtocolError } from './protocol-error';

/** Milliseconds between two looks at how far the subscription is, and before a request is tried again. */
const PAUSE_MS = 100;

/** What a consumer asks its broker, wherever that is. */
export class ConsumerRequests {
  readonly #parts: ConsumerParts;
  readonly #signal: AbortSignal;
  #place: Deferred<Connection> = deferred();

  /** @param signal ends every request. */
  constructor(parts: ConsumerParts, signal: AbortSignal) {
    this.#parts = parts;
    this.#signal = signal;
  }

  /** The consumer stands at `connection`. */
  placed(connection: Connection): void {
    this.#place.resolve(connection);
  }

  /** The consumer stands nowhere. */
  lost(): void {
    this.#place = deferred();
  }

  /** The consumer will stand nowhere any more. */
  ended(error: ProtocolError): void {
    this.#place.promise.catch(() => undefined);
    this.#place.reject(error);
  }

  /** Resolves once all that is in the topic at this call is acknowledged. @throws ProtocolError */
  async whenCaughtUp(): Promise<void> {
    const { clock, consumerId } = this.#parts;
    let target: MessageIdData | undefined;
    for (;;) {
      const { lastMessageId, consumerMarkDeletePosition } = await this.#ask(this.#signal, (connection) =>
        connection.request('getLastMessageId', { consumerId }),
      );
      target ??= lastMessageId;
      if (!isBefore(consumerMarkDeletePosition ?? NOWHERE, target)) {
        return;
      }
      await sleep(clock, PAUSE_MS, this.#signal);
    }
  }

  /** Up to where everything is acknowledged; undefined when nobody can tell now. @throws ProtocolError */
  async markDeletePosition(): Promise<MessageIdData | undefined> {
    const { consumerId } = this.#parts;
    const connection = await abortable(this.#place.promise, this.#signal);
    return (await connection.request('getLastMessageId', { consumerId })).consumerMarkDeletePosition;
  }

  /** The schema of that version; undefined when the answer holds none. @throws ProtocolError */
  async schema(schemaVersion: Uint8Array): Promise<SchemaData | undefined> {
    const { topic } = this.#parts;
    try {
      // However long the broker is away: without it the message can only wait.
      const { schema } = await this.#ask(this.#signal, (connection) =>
        connection.request('getSchema', { topic, schemaVersion }),
      );
      return schema ?? undefined;
    } catch (thrown) {
      const error = asProtocolError(thrown, 'unknown');
      if (error.kind !== 'topic-not-found') {
        throw error;
      }
      const version = Buffer.from(schemaVersion).toString('hex');
      throw new ProtocolError('unreadable', `the broker has no schema of version ${version}`, error);
    }
  }

  /** Deletes the subscription, unless it has other consumers. @throws ProtocolError */
  async unsubscribe(): Promise<void> {
    const { consumerId, topic, subscription, logger } = this.#parts;
    for (;;) {
      const place = this.#place;
      const connection = await place.promise;
      try {
        await connection.request('unsubscribe', { consumerId });
        return;
      } catch {
        if (place === this.#place) {
          logger.info({ topic, subscription }, 'the subscription has other consumers: it stays');
          return;
        }
      }
    }
  }

  /** Asks until there is an answer; a refusal that does not heal is one. */
  async #ask<T>(signal: AbortSignal, request: (connection: Connection) => Promise<T>): Promise<T> {
    for (;;) {
      const connection = await abortable(this.#place.promise, signal);
      try {
        return await abortable(request(connection), signal);
      } catch (error) {
        if (signal.aborted || !asProtocolError(error, 'unknown').transient) {
          throw error;
        }
      }
      await sleep(this.#parts.clock, PAUSE_MS, signal);
    }
  }
}

const NOWHERE: MessageIdData = { ledgerId: -1, entryId: -1 };

/** Whether `a` is before `b`. Nothing is before the end of an empty topic, which is −1: it reads as more than 2^53. */
function isBefore(a: MessageIdData, b: MessageIdData): boolean {
  if (b.entryId > Number.MAX_SAFE_INTEGER || b.entryId < 0) {
    return false;
  }
  if (a.entryId > Number.MAX_SAFE_INTEGER) {
    return a.ledgerId > Number.MAX_SAFE_INTEGER || a.ledgerId <= b.ledgerId;
  }
  return a.ledgerId < b.ledgerId || (a.ledgerId === b.ledgerId && a.entryId < b.entryId);
}
