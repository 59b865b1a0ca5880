import type { Clock } from '../util/clock';
import { DelayLine } from '../util/delay-line';
import { Ring } from '../util/ring';
import { Permits } from './protocol';
import type { ConsumerCommand, ConsumerFrame } from './websocket-frames';
import { WebSocketMessage } from './websocket-message';
import { readMessageId } from './websocket-message-id';
import { prefetchOf } from './websocket-paths';
import { WebSocketTracker } from './websocket-tracker';

export interface WebSocketInboxParts {
  readonly clock: Clock;
  /** Full name. */
  readonly topic: string;
  readonly receiverQueueSize: number;
  readonly receiverQueueBytes: number;
  readonly negativeAckRedeliveryDelayMs: number;
  /** Whether many consumers are served at a time: only then single messages can come again from the service. */
  readonly shared: boolean;
  /** Goes to the service, or nowhere while there is no connection. */
  readonly tell: (command: ConsumerCommand) => void;
  /** A message has come again without the service. */
  readonly arrived: () => void;
}

/** What a consumer has got and not settled: what waits, what is in its caller's hands, what comes again. */
export class WebSocketInbox {
  readonly #parts: WebSocketInboxParts;
  readonly #tracker = new WebSocketTracker();
  readonly #permits: Permits;
  /** Negatively acknowledged, and not to come again yet. */
  readonly #refused: DelayLine<WebSocketMessage>;
  #queue = new Ring<WebSocketMessage>();
  #queuedBytes = 0;
  #refusedBytes = 0;
  #paused = false;
  /** Messages asked for since the pause, to complete a batch, that have not come. */
  #extra = 0;

  constructor(parts: WebSocketInboxParts) {
    this.#parts = parts;
    const { own } = prefetchOf(parts.receiverQueueSize);
    this.#permits = new Permits({ messages: own, bytes: parts.receiverQueueBytes });
    this.#refused = new DelayLine(parts.clock, { arrived: (message) => this.#again(message) });
  }

  /** Acknowledgements told so far; `unheard` of them may be unknown to the service. */
  get told(): number {
    return this.#tracker.told;
  }

  get unheard(): number {
    return this.#tracker.unheard;
  }

  /** Whether a call has to wait for the rest of a batch of which a part was handed out. */
  get torn(): boolean {
    return this.#tracker.torn > 0;
  }

  /** @throws Error when it is no message. */
  delivered(frame: ConsumerFrame, bytes: number): void {
    this.#permits.used(1, bytes);
    this.#extra = Math.max(0, this.#extra - 1);
    const id = readMessageId(frame.messageId);
    switch (this.#tracker.arrived(id)) {
      case 'NEW':
        this.#push(new WebSocketMessage(id, this.#parts.topic, frame));
        break;
      case 'DONE':
        this.#tracker.toldAgain(id.entry);
        this.#parts.tell({ type: 'acknowledge', messageId: id.wire });
        break;
      case 'COPY':
        break;
    }
  }

  /** Up to `max` messages, in order; behind a pause only the rest of what was begun. */
  take(max: number): WebSocketMessage[] {
    const taken: WebSocketMessage[] = [];
    while (taken.length < max) {
      const message = this.#queue.peek();
      if (message === undefined || (this.#paused && !this.#tracker.hasBegun(message.messageId))) {
        break;
      }
      this.#queue.shift();
      this.#queuedBytes -= message.size;
      this.#tracker.begin(message.messageId);
      taken.push(message);
    }
    return taken;
  }

  acknowledge(message: WebSocketMessage): void {
    if (!message.settled) {
      message.settled = true;
      this.#tracker.acknowledge(message.messageId);
      this.#parts.tell({ type: 'acknowledge', messageId: message.messageId.wire });
    }
  }

  refuse(message: WebSocketMessage): void {
    if (!message.settled) {
      message.settled = true;
      this.#refusedBytes += message.size;
      this.#refused.push(message, this.#parts.negativeAckRedeliveryDelayMs);
    }
  }

  /** Takes nothing more from the topic. */
  pause(): void {
    this.#paused = true;
    this.#queue = this.#only((message) => this.#tracker.hasBegun(message.messageId));
  }

  /** Permits to give to the service now; 0 mostly. */
  grant(): number {
    if (!this.#paused) {
      const local = this.#parts.shared ? 0 : this.#refused.length;
      return this.#permits.grant(
        this.#queue.length + local,
        this.#queuedBytes + (local && this.#refusedBytes),
      );
    }
    if (this.#extra > 0) {
      return 0;
    }
    this.#extra = this.#tracker.torn;
    return this.#extra;
  }

  /** The service has everything up to acknowledgement `told`. */
  heard(told: number): void {
    this.#tracker.heard(told);
  }

  /** The consumer at the service is gone: what waits here comes again. */
  lost(): void {
    this.#queue = this.#only(() => false);
    this.#permits.reset();
    this.#extra = 0;
  }

  /** There is a consumer at the service again. */
  resumed(): void {
    for (const messageId of this.#tracker.unheardIds()) {
      this.#parts.tell({ type: 'acknowledge', messageId });
    }
  }

  /** Nothing comes again any more. */
  clear(): void {
    this.#refused.clear();
    this.lost();
  }

  #push(message: WebSocketMessage): void {
    this.#queue.push(message);
    this.#queuedBytes += message.size;
  }

  #again(message: WebSocketMessage): void {
    this.#refusedBytes -= message.size;
    if (this.#parts.shared) {
      this.#tracker.release(message.messageId);
      this.#parts.tell({ type: 'negativeAcknowledge', messageId: message.messageId.wire });
    } else {
      this.#push(message.again());
      this.#parts.arrived();
    }
  }

  /** What waits and is `wanted`; the rest is let go of. */
  #only(wanted: (message: WebSocketMessage) => boolean): Ring<WebSocketMessage> {
    const kept = new Ring<WebSocketMessage>();
    for (const message of this.#queue) {
      if (wanted(message)) {
        kept.push(message);
      } else {
        this.#queuedBytes -= message.size;
        this.#tracker.release(message.messageId);
      }
    }
    return kept;
  }
}
