import { ConnectorError, type ErrorCode } from '../errors';
import type { Watched } from '../util/watchdog';

export interface ReaderWatchOptions {
  readonly shardId: string;
  /** Milliseconds; 0: not watched. */
  readonly limit: number;
  /** Goes on with a new reader behind the last record queued. */
  restart(problem: Error): void;
}

/** Milliseconds that reading has to come on by: clocks that run apart, and calls of different length, seem to move it. */
const ADVANCE_MS = 1000;

/** Where an answer has brought reading to. */
export interface ReachedPlace {
  /** Time of the look at the shard − millisBehindLatest, monotonic milliseconds: what came until then has been read. */
  readonly instant: number;
  /** Whether it brought no record although it says that some are left. */
  readonly barren: boolean;
}

/**
 * What the watchdog sees of the reader of one shard: a call that is never answered, calls of which none succeeds, and
 * answers that bring nothing of what they say is there (seen for hours by users of the KCL, until the iterator was
 * replaced). A reader that waits for room, before a call or within one, is held back and not late.
 */
export class ReaderWatch {
  /** The call under way. */
  readonly answers: Watched;
  /** What comes of its calls. Reported only: whoever is refused gains nothing by starting anew. */
  readonly successes: Watched;
  /** What its answers bring. */
  readonly places: Watched;
  #calling = false;
  #heldBack = false;
  #answered = 0;
  #succeeded = 0;
  /** Why the newest call failed; undefined when no read has failed since one succeeded. */
  #refusal: ErrorCode | undefined;
  #barren = false;
  /** Since answers are barren. */
  #furthest: number | undefined;
  #advanced = 0;

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
    this.places = {
      part: `${shardId} records`,
      limit,
      due: () => this.#barren && !this.#heldBack,
      progress: () => this.#advanced,
      problem: (waited) =>
        new ConnectorError(
          'READS_BARREN',
          `for ${waited} ms no read of ${shardId} has come nearer to its end`,
          {
            expected: 'records, or a shrinking distance',
            found: 'empty answers that say there is more',
          },
        ),
      restart: (problem) => {
        // A new iterator goes over the same empty stretch again.
        this.#furthest = undefined;
        restart(problem);
      },
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

  /** An answer was taken. */
  reached({ instant, barren }: ReachedPlace): void {
    this.#barren = barren;
    if (!barren) {
      this.#advanced++;
      this.#furthest = undefined;
    } else if (this.#furthest === undefined) {
      this.#furthest = instant;
    } else if (instant >= this.#furthest + ADVANCE_MS) {
      this.#advanced++;
      this.#furthest = instant;
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
    this.#barren = false;
  }
}
