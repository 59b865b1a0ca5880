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
import type { ConsumerCommand, ConsumerFrame } from './websocket-frames';
import { WebSocketInbox } from './websocket-inbox';
import { WebSocketLink } from './websocket-link';
import type { WebSocketMessage } from './websocket-message';
import { consumerPath, prefetchOf } from './websocket-paths';

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

/** CLOSING takes nothing any more, and tells what is acknowledged. ENDED hands out what waits, and then why it ended. */
type State = 'OPEN' | 'PAUSED' | 'CLOSING' | 'ENDED' | 'CLOSED';

/**
 * A consumer of the service in pull mode. It comes back after anything that heals; what is in its caller's hands, and
 * what is acknowledged, is not handed out again.
 */
export class WebSocketConsumer implements Consumer {
  readonly #parts: WebSocketConsumerParts;
  readonly #inbox: WebSocketInbox;
  readonly #link: WebSocketLink;
  /** Aborted with what ended the consumer. */
  readonly #ended = new AbortController();
  #state: State = 'OPEN';
  #receiver: { readonly max: number; readonly answer: Deferred<WebSocketMessage[]> } | undefined;
  #woken = false;
  #proving = false;
  #closing: Promise<boolean> | undefined;

  private constructor(parts: WebSocketConsumerParts) {
    const { dialer, topic, subscription, subscriptionType, receiverQueueSize, logger } = parts;
    this.#parts = parts;
    this.#link = new WebSocketLink({
      dialer,
      path: consumerPath(topic, parts, prefetchOf(receiverQueueSize).service),
      message: (text) => this.#arrived(text),
      opened: () => {
        this.#inbox.resumed();
        this.#grant();
      },
      lost: ({ message: reason }) => {
        logger.info({ topic, subscription, reason }, 'the consumer is connected anew');
        this.#inbox.lost();
      },
      refused: (error) => this.#end('ENDED', connectorError(error, topic)),
    });
    this.#inbox = new WebSocketInbox({
      ...parts,
      shared: subscriptionType === 'Shared' || subscriptionType === 'Key_Shared',
      tell: (command) => this.#link.tell(command),
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
    await consumer.#link.open(deadline, signal);
    return consumer;
  }

  get topic(): string {
    return this.#parts.topic;
  }

  async receive(max: number): Promise<WebSocketMessage[]> {
    if (this.#state === 'CLOSING') {
      throw closedError();
    }
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
    if (this.#state === 'OPEN') {
      this.#state = 'PAUSED';
      this.#inbox.pause();
      this.#grant();
      this.#hand();
    }
  }

  close(deadlineMs: number, options: { readonly unsubscribe?: boolean } = {}): Promise<boolean> {
    this.#closing ??= this.#close(deadlineMs, options.unsubscribe ?? false);
    return this.#closing;
  }

  #arrived(text: string): void {
    try {
      const frame = JSON.parse(text) as ConsumerFrame;
      if (frame.messageId !== undefined) {
        this.#inbox.delivered(frame, text.length);
      }
    } catch (cause) {
      const found = text.slice(0, 100);
      const error = new ConnectorError('PULSAR_MESSAGE_UNREADABLE', `not a message: ${found}`, { cause });
      this.#end('ENDED', error);
      return;
    }
    this.#grant();
    this.#wake();
  }

  #grant(): void {
    const permitMessages = this.#link.connected ? this.#inbox.grant() : 0;
    if (permitMessages > 0) {
      this.#link.tell({ type: 'permit', permitMessages });
    }
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
    if (messages.length > 0 || (this.#state === 'PAUSED' && !this.#inbox.torn)) {
      this.#receiver = undefined;
      receiver.answer.resolve(messages);
      this.#grant();
    } else if (this.#ended.signal.aborted) {
      this.#receiver = undefined;
      receiver.answer.reject(this.#ended.signal.reason);
    }
  }

  /** Now and then a pong proves that acknowledgements were heard, which may be forgotten then. */
  #prove(): void {
    if (!this.#proving && this.#inbox.unheard >= PROVEN_EVERY) {
      this.#proving = true;
      void this.#heard().then(() => {
        this.#proving = false;
        this.#prove();
      });
    }
  }

  /** Whether the service has read all that was acknowledged up to now. */
  async #heard(command?: ConsumerCommand): Promise<boolean> {
    let told = 0;
    const heard = await this.#link.heard(() => {
      if (command !== undefined) {
        this.#link.tell(command);
      }
      told = this.#inbox.told;
    });
    if (heard) {
      this.#inbox.heard(told);
    }
    return heard;
  }

  #end(state: 'ENDED' | 'CLOSED', error: ConnectorError): void {
    this.#state = state;
    this.#link.end();
    this.#ended.abort(error);
    this.#hand();
  }

  async #close(deadlineMs: number, unsubscribe: boolean): Promise<boolean> {
    const { clock, closed } = this.#parts;
    const deadline = clock.monotonic() + deadlineMs;
    let told = this.#inbox.unheard === 0 && !unsubscribe;
    if (this.#state === 'OPEN' || this.#state === 'PAUSED') {
      this.#state = 'CLOSING';
      this.#receiver?.answer.reject(closedError());
      this.#receiver = undefined;
      if (this.#link.connected || !told) {
        const inTime = await resolvesWithin(clock, deadlineMs, this.#tellAll(unsubscribe));
        const answered = await this.#link.close(Math.max(0, deadline - clock.monotonic()));
        told = inTime && answered;
      }
    }
    this.#end('CLOSED', closedError());
    this.#inbox.clear();
    closed();
    return told;
  }

  /** Tells all that is to be told, again at each new session until one has heard it. */
  async #tellAll(unsubscribe: boolean): Promise<void> {
    while (!(await this.#heard(unsubscribe ? { type: 'unsubscribe' } : undefined)) && !this.#link.ended) {
      // The session was lost: the next one is told.
    }
  }
}

function closedError(): ConnectorError {
  return new ConnectorError('PULSAR_CLOSED', 'the consumer was closed');
}
