import { ConnectorError } from '../errors';
import { BYTES_SCHEMA, type Schema } from '../io';
import type { Clock } from '../util/clock';
import { type Deferred, deferred } from '../util/deferred';
import { resolvesWithin } from '../util/limited-wait';
import type { Logger } from '../util/logger';
import { connectorError } from './protocol-errors';
import { caughtUp } from './subscription-progress';
import type { Consumer, ConsumerOptions } from './transport';
import type { WebSocketDialer } from './websocket-dialer';
import type { ConsumerFrame } from './websocket-frames';
import { type ConsumerCommand, WebSocketInbox } from './websocket-inbox';
import type { WebSocketMessage } from './websocket-message';
import { consumerPath, prefetchOf } from './websocket-paths';
import type { WebSocketSession } from './websocket-session';

/** Acknowledgements after which a ping proves that the service has them. */
const PROVEN_EVERY = 1000;

export interface WebSocketConsumerParts extends ConsumerOptions {
  /** Full name. */
  readonly topic: string;
  /** Of the REST API; where the service is when absent. */
  readonly adminUrl?: string;
  readonly dialer: WebSocketDialer;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly closed: () => void;
}

/** CONNECTING and OPEN alternate; ENDED will not connect any more, CLOSED forgets what it held. */
type State = 'CONNECTING' | 'OPEN' | 'ENDED' | 'CLOSED';

/**
 * A consumer of the service in pull mode, which is one socket at a time. It comes back after anything that heals; what
 * is in its caller's hands, and what is acknowledged, is not handed out again.
 */
export class WebSocketConsumer implements Consumer {
  readonly #parts: WebSocketConsumerParts;
  readonly #path: string;
  readonly #inbox: WebSocketInbox;
  readonly #ended = new AbortController();
  #state: State = 'CONNECTING';
  #session: WebSocketSession | undefined;
  #connected = deferred<WebSocketSession>();
  #receiver: { readonly max: number; readonly answer: Deferred<WebSocketMessage[]> } | undefined;
  #woken = false;
  #paused = false;
  #proving = false;
  #closing: Promise<boolean> | undefined;

  private constructor(parts: WebSocketConsumerParts) {
    const { subscriptionType } = parts;
    this.#parts = parts;
    this.#path = consumerPath(parts.topic, parts, prefetchOf(parts.receiverQueueSize).service);
    this.#inbox = new WebSocketInbox({
      ...parts,
      shared: subscriptionType === 'Shared' || subscriptionType === 'Key_Shared',
      tell: (command) => this.#tell(command),
      arrived: () => this.#wake(),
    });
  }

  /** A consumer that the broker has accepted. @param deadline monotonic instant. @throws ConnectorError */
  static async open(
    parts: WebSocketConsumerParts,
    deadline: number,
    signal: AbortSignal,
  ): Promise<WebSocketConsumer> {
    const consumer = new WebSocketConsumer(parts);
    await consumer.#connect(deadline, signal);
    return consumer;
  }

  get topic(): string {
    return this.#parts.topic;
  }

  async receive(max: number): Promise<WebSocketMessage[]> {
    const answer = deferred<WebSocketMessage[]>();
    this.#receiver = { max, answer };
    this.#hand();
    return answer.promise;
  }

  /** The API names no schema. */
  schemaOf(): Schema {
    return BYTES_SCHEMA;
  }

  acknowledge(message: WebSocketMessage): void {
    if (this.#state !== 'CLOSED') {
      this.#inbox.acknowledge(message);
      this.#prove();
    }
  }

  negativeAcknowledge(message: WebSocketMessage): void {
    if (this.#state !== 'CLOSED') {
      this.#inbox.refuse(message);
    }
  }

  async whenCaughtUp(): Promise<void> {
    const { dialer, topic, adminUrl = dialer.httpUrl, subscription, clock } = this.#parts;
    await caughtUp({ get: dialer.get, adminUrl, topic, subscription, clock }, this.#ended.signal);
  }

  pause(): void {
    if (!this.#paused) {
      this.#paused = true;
      this.#inbox.pause();
      this.#grant();
      this.#hand();
    }
  }

  close(deadlineMs: number, options: { readonly unsubscribe?: boolean } = {}): Promise<boolean> {
    this.#closing ??= this.#close(deadlineMs, options.unsubscribe ?? false);
    return this.#closing;
  }

  async #connect(deadline: number, signal: AbortSignal): Promise<void> {
    // Messages count from the handshake on, before the session is known here.
    let current = true;
    const listener = {
      message: (text: string) => {
        if (current) {
          this.#arrived(text);
        }
      },
      ended: (error: ConnectorError) => {
        current = false;
        this.#lost(error);
      },
    };
    const session = await this.#parts.dialer.dial(
      { kind: 'consumer', path: this.#path, listener },
      deadline,
      signal,
    );
    if (signal.aborted || !current) {
      session.destroy();
      signal.throwIfAborted();
      return;
    }
    this.#state = 'OPEN';
    this.#session = session;
    this.#inbox.resumed();
    this.#grant();
    this.#connected.resolve(session);
  }

  async #reconnect(): Promise<void> {
    const { signal } = this.#ended;
    try {
      await this.#connect(Number.POSITIVE_INFINITY, signal);
    } catch (error) {
      if (!signal.aborted) {
        this.#end('ENDED', connectorError(error, this.topic));
      }
    }
  }

  #lost(error: ConnectorError): void {
    if (this.#state === 'OPEN' || this.#state === 'CONNECTING') {
      const { topic, subscription, logger } = this.#parts;
      logger.info({ topic, subscription, reason: error.message }, 'the consumer is connected anew');
      if (this.#state === 'OPEN') {
        this.#connected = deferred();
      }
      this.#state = 'CONNECTING';
      this.#session = undefined;
      this.#proving = false;
      this.#inbox.lost();
      void this.#reconnect();
    }
  }

  #arrived(text: string): void {
    if (this.#state !== 'OPEN' && this.#state !== 'CONNECTING') {
      return;
    }
    try {
      const frame = JSON.parse(text) as ConsumerFrame;
      if (frame.messageId !== undefined) {
        this.#inbox.delivered(frame, text.length);
      }
    } catch (cause) {
      const found = text.slice(0, 100);
      this.#end(
        'ENDED',
        new ConnectorError('PULSAR_MESSAGE_UNREADABLE', `not a message: ${found}`, { cause }),
      );
      return;
    }
    this.#grant();
    this.#wake();
  }

  #grant(): void {
    if (this.#session !== undefined) {
      const permitMessages = this.#inbox.grant();
      if (permitMessages > 0) {
        this.#tell({ type: 'permit', permitMessages });
      }
    }
  }

  #tell(command: ConsumerCommand): void {
    this.#session?.send(JSON.stringify(command));
  }

  /** Hands out in a moment, when everything that has come in the same read is there. */
  #wake(): void {
    if (!this.#woken && this.#receiver !== undefined) {
      this.#woken = true;
      queueMicrotask(() => {
        this.#woken = false;
        this.#hand();
      });
    }
  }

  #hand(): void {
    const receiver = this.#receiver;
    if (receiver === undefined) {
      return;
    }
    const messages = this.#state === 'CLOSED' ? [] : this.#inbox.take(receiver.max);
    if (messages.length > 0 || (this.#paused && !this.#inbox.torn && !this.#ended.signal.aborted)) {
      this.#receiver = undefined;
      receiver.answer.resolve(messages);
      this.#grant();
    } else if (this.#ended.signal.aborted) {
      this.#receiver = undefined;
      receiver.answer.reject(this.#ended.signal.reason);
    }
  }

  #prove(): void {
    if (!this.#proving && this.#inbox.unheard >= PROVEN_EVERY) {
      this.#proving = true;
      void this.#proven().then(() => {
        this.#proving = false;
        this.#prove();
      });
    }
  }

  /** Resolves when the service has read all that was told up to now; never when the connection is lost before. */
  async #proven(): Promise<void> {
    const session = await this.#connected.promise;
    const { told } = this.#inbox;
    await session.ping();
    this.#inbox.heard(told);
  }

  #end(state: 'ENDED' | 'CLOSED', error: ConnectorError): void {
    this.#state = state;
    this.#session?.destroy();
    this.#session = undefined;
    this.#ended.abort(error);
    this.#hand();
  }

  async #close(deadlineMs: number, unsubscribe: boolean): Promise<boolean> {
    const { clock, closed } = this.#parts;
    const deadline = clock.monotonic() + deadlineMs;
    const left = (): number => Math.max(0, deadline - clock.monotonic());
    const closing = new ConnectorError('PULSAR_CLOSED', 'the consumer was closed');
    this.#paused = true;
    this.#receiver?.answer.reject(closing);
    this.#receiver = undefined;
    let told = this.#inbox.unheard === 0 && !unsubscribe;
    if (this.#state === 'OPEN' || (this.#state === 'CONNECTING' && !told)) {
      told = await resolvesWithin(clock, deadlineMs, this.#tellAll(unsubscribe)).catch(() => false);
      told = ((await this.#session?.close(left())) ?? false) && told;
    }
    if (this.#state !== 'CLOSED') {
      this.#end('CLOSED', closing);
      this.#inbox.clear();
    }
    closed();
    return told;
  }

  /** Tells all that is to be told, again at each new connection until one has heard it. @throws when there is none */
  async #tellAll(unsubscribe: boolean): Promise<void> {
    for (;;) {
      const place = this.#connected;
      const session = await place.promise;
      if (unsubscribe) {
        session.send(JSON.stringify({ type: 'unsubscribe' } satisfies ConsumerCommand));
      }
      const { told } = this.#inbox;
      const heard = session.ping().then(() => true);
      if (await Promise.race([heard, session.ended.then(() => false)])) {
        this.#inbox.heard(told);
        return;
      }
      if (place === this.#connected) {
        throw this.#ended.signal.reason ?? new Error('the consumer has ended');
      }
    }
  }
}
