import { ConnectorError, isConnectorError, messageOf } from '../errors';
import type { OutgoingMessage } from '../pulsar/transport';
import { abortable } from '../util/abort';
import { type Deferred, deferred } from '../util/deferred';
import { resolvesWithin } from '../util/limited-wait';
import { DeadLetter, type DeadLetterOwner } from './dead-letter';
import { DeliveryLane } from './delivery-lane';
import type { DeliveryLaneOptions } from './delivery-lane-options';

/** Dead letters, and bytes of them, on their way before nothing more is moved that may add to them. */
const MAX_PENDING = 1000;
const MAX_PENDING_BYTES = 16 * 1024 * 1024;

export interface DeadLetterQueueOptions
  extends Pick<
    DeliveryLaneOptions,
    | 'transport'
    | 'topic'
    | 'backoff'
    | 'clock'
    | 'random'
    | 'logger'
    | 'watch'
    | 'sequencing'
    | 'mayStillSend'
    | 'onRoom'
    | 'onFatal'
  > {}

/** The way into one dead-letter topic; its producer is made for the first letter. */
export class DeadLetterQueue implements DeadLetterOwner {
  readonly #options: DeadLetterQueueOptions;
  #lane: DeliveryLane | undefined;
  #pending = 0;
  #pendingBytes = 0;
  /** The lane cannot go on: what is pending stays so. */
  #broken = false;
  #room: Deferred<void> | undefined;
  #quiet: Deferred<void> | undefined;

  constructor(options: DeadLetterQueueOptions) {
    this.#options = options;
  }

  /** Whether to wait for `room`, or `onRoom`, before more messages are at risk of coming here. */
  get full(): boolean {
    return this.#pending >= MAX_PENDING || this.#pendingBytes >= MAX_PENDING_BYTES;
  }

  /** Takes `content`; never refuses, however full. @param stored The topic has it. */
  add(content: OutgoingMessage, stored: () => void): void {
    this.#lane ??= this.#open();
    const letter = new DeadLetter(content, stored, this);
    this.#pending++;
    this.#pendingBytes += letter.bytes;
    this.#lane.offer(letter);
  }

  /** @throws the signal's reason */
  async room(signal: AbortSignal): Promise<void> {
    while (this.full) {
      this.#room ??= deferred();
      await abortable(this.#room.promise, signal);
    }
  }

  stored(letter: DeadLetter): void {
    this.#drop(letter);
  }

  refused(letter: DeadLetter, error: Error): void {
    this.#fatal(error);
    this.#drop(letter);
  }

  /** Stores what is here within `deadlineMs`. @returns whether nothing was left over. Never rejects. */
  async close(deadlineMs: number): Promise<boolean> {
    const { clock } = this.#options;
    const until = clock.monotonic() + deadlineMs;
    if (this.#pending > 0 && !this.#broken && this.#options.mayStillSend()) {
      this.#quiet = deferred();
      await resolvesWithin(clock, deadlineMs, this.#quiet.promise);
    }
    await this.#lane?.close(Math.max(0, until - clock.monotonic()));
    return this.#pending === 0;
  }

  #drop(letter: DeadLetter): void {
    const wasFull = this.full;
    this.#pending--;
    this.#pendingBytes -= letter.bytes;
    if (wasFull && !this.full) {
      this.#room?.resolve();
      this.#room = undefined;
      this.#options.onRoom();
    }
    if (this.#pending === 0) {
      this.#quiet?.resolve();
    }
  }

  #open(): DeliveryLane {
    return new DeliveryLane({
      ...this.#options,
      atMostOnce: false,
      chunked: true,
      onRoom: () => undefined,
      onFatal: (error) => {
        this.#broken = true;
        this.#quiet?.resolve();
        this.#fatal(error);
      },
    });
  }

  #fatal(error: Error): void {
    const { topic, onFatal } = this.#options;
    const mayHeal = isConnectorError(error) && error.retryable;
    const message = `dead-letter topic ${topic}: ${messageOf(error)}`;
    onFatal(mayHeal ? error : new ConnectorError('DEAD_LETTER_REFUSED', message, { cause: error }));
  }
}
