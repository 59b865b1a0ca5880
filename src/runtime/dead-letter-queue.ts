import type { ReceivedMessage } from '../pulsar/transport';
import { abortable } from '../util/abort';
import { type Deferred, deferred } from '../util/deferred';
import { resolvesWithin } from '../util/limited-wait';
import { DeadLetter, type DeadLetterOwner, type MessageOrigin } from './dead-letter';
import { DeliveryLane, type DeliveryLaneOptions } from './delivery-lane';

/** Dead letters, and bytes of them, on their way before no more messages are given to the sink. */
const MAX_PENDING = 1000;
const MAX_PENDING_BYTES = 16 * 1024 * 1024;

export type DeadLetterQueueOptions = Pick<
  DeliveryLaneOptions,
  'transport' | 'topic' | 'backoff' | 'clock' | 'random' | 'logger' | 'watch' | 'onFatal'
>;

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

  /** Whether to wait for `room` before more messages are at risk of coming here. */
  get full(): boolean {
    return this.#pending >= MAX_PENDING || this.#pendingBytes >= MAX_PENDING_BYTES;
  }

  /** Takes `message`; never refuses, however full. */
  add(message: ReceivedMessage, cause: Error, origin: MessageOrigin): void {
    this.#lane ??= this.#open();
    const letter = new DeadLetter(message, cause, origin, this);
    this.#pending++;
    this.#pendingBytes += letter.value.length;
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
    this.#options.onFatal(error);
    this.#drop(letter);
  }

  /** Stores what is here within `deadlineMs`. @returns whether nothing was left over. Never rejects. */
  async close(deadlineMs: number): Promise<boolean> {
    const { clock } = this.#options;
    const until = clock.monotonic() + deadlineMs;
    if (this.#pending > 0 && !this.#broken) {
      this.#quiet = deferred();
      await resolvesWithin(clock, deadlineMs, this.#quiet.promise);
    }
    await this.#lane?.close(Math.max(0, until - clock.monotonic()));
    return this.#pending === 0;
  }

  #drop(letter: DeadLetter): void {
    this.#pending--;
    this.#pendingBytes -= letter.value.length;
    if (!this.full) {
      this.#room?.resolve();
      this.#room = undefined;
    }
    if (this.#pending === 0) {
      this.#quiet?.resolve();
    }
  }

  #open(): DeliveryLane {
    return new DeliveryLane({
      ...this.#options,
      atMostOnce: false,
      mayStillSend: () => true,
      onRoom: () => undefined,
      onFatal: (error) => {
        this.#broken = true;
        this.#quiet?.resolve();
        this.#options.onFatal(error);
      },
    });
  }
}
