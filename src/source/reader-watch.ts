import { ConnectorError, type ErrorCode } from '../errors';
import type { Watched } from '../util/watchdog';

export interface ReaderWatchOptions {
  readonly shardId: string;
  /** Milliseconds; 0: not watched. */
  readonly limit: number;
  /** Goes on with a new reader behind the last record queued. */
  restart(problem: Error): void;
}

/**
 * What the watchdog sees of the reader of one shard: a call that is never answered, and calls of which none
 * succeeds. A reader that waits for room, before a call or within one, is held back and not late.
 */
export class ReaderWatch {
  /** The call under way. */
  readonly answers: Watched;
  /** What comes of its calls. Reported only: whoever is refused gains nothing by starting anew. */
  readonly successes: Watched;
  #calling = false;
  #heldBack = false;
  #answered = 0;
  #succeeded = 0;
  /** Why the newest call failed; undefined when no read has failed since one succeeded. */
  #refusal: ErrorCode | undefined;

  constructor({ shardId, limit, restart }: ReaderWatchOptions) {
    this.answers = {
      part: `${shardId} reader`,
      limit,
      due: () => this.#calling && !this.#heldBack,
      progress: () => this.#answered,
      problem: (waited) =>
        new ConnectorError(
          'READER_STALLED',
          `Kinesis has not answered a read of ${shardId} for ${waited} ms`,
        ),
      restart,
    };
    this.successes = {
      part: `${shardId} reads`,
      limit,
      due: () => this.#refusal !== undefined && !this.#heldBack,
      progress: () => this.#succeeded,
      problem: (waited) =>
        new ConnectorError('READS_REFUSED', `no read of ${shardId} has succeeded for ${waited} ms`, {
          expected: 'an answer',
          found: this.#refusal ?? 'none',
        }),
    };
  }

  /** Whether the reader waits until Pulsar has confirmed more. */
  get heldBack(): boolean {
    return this.#heldBack;
  }

  /** Waits for `room`; meanwhile the reader is held back. */
  async whileHeldBack(room: Promise<void>): Promise<void> {
    this.#heldBack = true;
    try {
      await room;
    } finally {
      this.#heldBack = false;
    }
  }

  calling(): void {
    this.#calling = true;
  }

  /** @param read whether it was a read; another call that is answered brings no record nearer */
  called(read: boolean, succeeded: boolean): void {
    this.#calling = false;
    if (read) {
      this.#answered++;
    }
    if (read && succeeded) {
      this.#succeeded++;
      this.#refusal = undefined;
    }
  }

  refused(code: ErrorCode): void {
    this.#refusal = code;
  }

  /** The reader was given up, with its call under way. */
  abandoned(): void {
    this.#calling = false;
  }

  /** The shard is no longer read. */
  ended(): void {
    this.abandoned();
    this.#refusal = undefined;
  }
}
