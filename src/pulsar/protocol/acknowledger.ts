import type { Clock, TimerHandle } from '../../util/clock';
import { type Deferred, deferred } from '../../util/deferred';
import { ackFrame, type EntryId } from './ack-frame';
import type { Connection } from './connection';
import { asProtocolError, type ProtocolError } from './protocol-error';

/** Milliseconds that an acknowledgement waits for others to go with it. */
const GROUP_MS = 5;
/** Ids in one command; its frame stays far below what a broker takes. */
const MAX_GROUP = 1000;

export interface AcknowledgerParts<E extends EntryId> {
  readonly clock: Clock;
  readonly consumerId: number;
  /** The broker has the acknowledgement of `entry`. */
  readonly answered: (entry: E) => void;
  /** The broker did not take acknowledgements. They are sent again at the next place. */
  readonly failed: (error: ProtocolError) => void;
}

/**
 * Tells the broker what is acknowledged, many entries at a time, until it has answered: what it was told by a
 * connection that was lost it is told again.
 */
export class Acknowledger<E extends EntryId> {
  readonly #parts: AcknowledgerParts<E>;
  readonly #unanswered = new Set<readonly E[]>();
  #unsent: E[] = [];
  #connection: Connection | undefined;
  #timer: TimerHandle | undefined;
  #idle: Deferred<void> | undefined;

  constructor(parts: AcknowledgerParts<E>) {
    this.#parts = parts;
  }

  /** Entries whose acknowledgement the broker may not have. */
  get pending(): number {
    let count = this.#unsent.length;
    for (const entries of this.#unanswered) {
      count += entries.length;
    }
    return count;
  }

  add(entry: E): void {
    this.#unsent.push(entry);
    if (this.#connection === undefined) {
      return;
    }
    if (this.#unsent.length >= MAX_GROUP) {
      this.flush();
    } else {
      this.#timer ??= this.#parts.clock.setTimer(() => this.flush(), GROUP_MS);
    }
  }

  /** The consumer stands at `connection`: everything unanswered is told at once. */
  placed(connection: Connection): void {
    this.#connection = connection;
    this.flush();
  }

  /** The consumer stands nowhere. */
  lost(): void {
    this.#connection = undefined;
    this.#stopTimer();
    this.#unsent = [...this.#unanswered, this.#unsent].flat();
    this.#unanswered.clear();
  }

  flush(): void {
    this.#stopTimer();
    const connection = this.#connection;
    if (connection === undefined) {
      return;
    }
    for (let first = 0; first < this.#unsent.length; first += MAX_GROUP) {
      this.#send(connection, this.#unsent.slice(first, first + MAX_GROUP));
    }
    this.#unsent = [];
  }

  /** Resolves when nothing is pending. */
  whenIdle(): Promise<void> {
    this.#idle ??= deferred();
    const { promise } = this.#idle;
    this.flush();
    this.#checkIdle();
    return promise;
  }

  #send(connection: Connection, entries: readonly E[]): void {
    this.#unanswered.add(entries);
    const { consumerId } = this.#parts;
    connection
      .requestFrame('ack', (requestId) => ackFrame(consumerId, requestId, entries))
      .then(
        () => {
          if (this.#unanswered.delete(entries)) {
            entries.forEach(this.#parts.answered);
            this.#checkIdle();
          }
        },
        (error) => {
          // Otherwise its connection or its place was lost: that is known.
          if (this.#unanswered.has(entries)) {
            this.#parts.failed(asProtocolError(error, 'unknown'));
          }
        },
      );
  }

  #checkIdle(): void {
    if (this.#idle !== undefined && this.#unanswered.size === 0 && this.#unsent.length === 0) {
      this.#idle.resolve();
      this.#idle = undefined;
    }
  }

  #stopTimer(): void {
    if (this.#timer !== undefined) {
      this.#parts.clock.clearTimer(this.#timer);
      this.#timer = undefined;
    }
  }
}
