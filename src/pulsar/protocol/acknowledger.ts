import type { Clock, TimerHandle } from '../../util/clock';
import { type Deferred, deferred } from '../../util/deferred';
import { type AckId, type AckType, ackFrame, type EntryId } from './ack-frame';
import { AcknowledgedPrefix } from './acknowledged-prefix';
import type { Connection } from './connection';
import { asProtocolError, type ProtocolError } from './protocol-error';

/** Milliseconds that a part of a batch waits for the rest. Source: Pulsar `acknowledgementsGroupTimeMicros`. */
const PARTS_MS = 100;
/** Milliseconds between two questions to the broker how far everything is acknowledged. */
const ASK_MS = 1000;

export interface AcknowledgementGrouping {
  /** Milliseconds that an acknowledgement waits for others to go with it. */
  readonly groupMs: number;
  /** Entries in one command. */
  readonly maxGroup: number;
  /**
   * Whether parts of batches are acknowledged too. A broker keeps them with acknowledgmentAtBatchIndexLevelEnabled; one
   * without answers as if it did, and changes nothing (seen on 4.0.8, on every type of subscription).
   */
  readonly batchParts: boolean;
}

/** An entry with what of it is not acknowledged. */
export interface Acknowledgeable extends EntryId {
  readonly left: number;
  missing(): readonly number[];
}

export interface AcknowledgerParts<E extends Acknowledgeable> {
  readonly clock: Clock;
  readonly consumerId: number;
  readonly grouping: AcknowledgementGrouping;
  /**
   * Asks the broker up to where everything is acknowledged, undefined when it cannot tell now. Only where one
   * acknowledgement may stand for all entries before it.
   */
  readonly askPosition?: () => Promise<EntryId | undefined>;
  /** The broker has the acknowledgement of `entry`. */
  readonly answered: (entry: E) => void;
  /** The broker did not take acknowledgements. They are sent again at the next place. */
  readonly failed: (error: ProtocolError) => void;
}

/** What one command has told. */
interface Told<E> {
  readonly entries: readonly E[];
  /** False: a part of each. It may have been acknowledged as a whole meanwhile, which this answer does not mean. */
  readonly whole: boolean;
}

/**
 * Tells the broker what is acknowledged, many entries at a time, until it has answered: what it was told by a
 * connection that was lost it is told again.
 */
export class Acknowledger<E extends Acknowledgeable> {
  readonly #parts: AcknowledgerParts<E>;
  readonly #unanswered = new Set<Told<E>>();
  #unsent: E[] = [];
  /** Entries of which the broker is to be told a part. */
  readonly #partly = new Set<E>();
  readonly #prefix = new AcknowledgedPrefix();
  #connection: Connection | undefined;
  #timer: TimerHandle | undefined;
  #partsTimer: TimerHandle | undefined;
  #idle: Deferred<void> | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: AcknowledgerParts<E>) {
    this.#parts = parts;
  }

  /** Entries of which the broker may not know all that is acknowledged. */
  get pending(): number {
    let count = this.#unsent.length + this.#partly.size;
    for (const { entries } of this.#unanswered) {
      count += entries.length;
    }
    return count;
  }

  /** All of `entry` is acknowledged. */
  add(entry: E): void {
    this.#partly.delete(entry);
    this.#unsent.push(entry);
    if (this.#connection === undefined) {
      return;
    }
    const { grouping, clock } = this.#parts;
    if (this.#unsent.length >= grouping.maxGroup) {
      this.flush();
    } else {
      this.#timer ??= clock.setTimer(() => this.flush(), grouping.groupMs);
    }
  }

  /** A part of `entry` is acknowledged. */
  addPart(entry: E): void {
    if (this.#parts.grouping.batchParts) {
      this.#partly.add(entry);
      if (this.#connection !== undefined) {
        this.#partsTimer ??= this.#parts.clock.setTimer(() => this.flushParts(), PARTS_MS);
      }
    }
  }

  /** The consumer stands at `connection`: everything unanswered is told at once. */
  placed(connection: Connection): void {
    this.#connection = connection;
    this.flush();
    this.flushParts();
  }

  /** The consumer stands nowhere. */
  lost(): void {
    this.#connection = undefined;
    this.#stopTimers();
    const told = [...this.#unanswered];
    this.#unanswered.clear();
    this.#prefix.forget();
    const whole = told.flatMap((one) => (one.whole ? one.entries : []));
    this.#unsent = [...whole, ...this.#unsent];
    for (const entry of told.flatMap((one) => (one.whole ? [] : one.entries))) {
      if (entry.left > 0) {
        this.#partly.add(entry);
      }
    }
  }

  flush(): void {
    this.#timer = this.#stop(this.#timer);
    const connection = this.#connection;
    if (connection === undefined || this.#unsent.length === 0) {
      return;
    }
    const entries = this.#unsent;
    this.#unsent = [];
    const end = this.#parts.askPosition === undefined ? undefined : this.#prefix.add(entries);
    if (end === undefined) {
      this.#sendEach(connection, entries, true);
      return;
    }
    const covered = entries.filter((entry) => this.#prefix.covers(entry));
    const others = entries.filter((entry) => !this.#prefix.covers(entry));
    this.#send(connection, { entries: covered, whole: true }, [end], 'cumulative');
    this.#sendEach(connection, others, true);
  }

  /** Tells what of batches is acknowledged that are not as a whole. */
  flushParts(): void {
    this.#partsTimer = this.#stop(this.#partsTimer);
    if (this.#connection !== undefined) {
      const entries = [...this.#partly];
      this.#partly.clear();
      this.#sendEach(this.#connection, entries, false);
    }
  }

  /** Resolves when nothing is pending. */
  whenIdle(): Promise<void> {
    this.#idle ??= deferred();
    const { promise } = this.#idle;
    this.flush();
    this.flushParts();
    this.#checkIdle();
    return promise;
  }

  #sendEach(connection: Connection, entries: readonly E[], whole: boolean): void {
    const { maxGroup } = this.#parts.grouping;
    for (let first = 0; first < entries.length; first += maxGroup) {
      const group = entries.slice(first, first + maxGroup);
      const ids = whole ? group : group.map(partOf);
      this.#send(connection, { entries: group, whole }, ids, 'individual');
    }
  }

  #send(connection: Connection, told: Told<E>, ids: readonly AckId[], type: AckType): void {
    this.#unanswered.add(told);
    const { consumerId } = this.#parts;
    connection
      .requestFrame('ack', (requestId) => ackFrame(consumerId, requestId, ids, type))
      .then(
        () => {
          if (this.#unanswered.delete(told)) {
            this.#answered(told);
          }
        },
        (error) => {
          // Otherwise its connection or its place was lost: that is known.
          if (this.#unanswered.has(told)) {
            this.#parts.failed(asProtocolError(error, 'unknown'));
          }
        },
      );
  }

  #answered({ entries, whole }: Told<E>): void {
    if (whole) {
      entries.forEach(this.#parts.answered);
    }
    this.#checkIdle();
    this.#askPosition();
  }

  #askPosition(): void {
    const { clock, askPosition } = this.#parts;
    const connection = this.#connection;
    if (askPosition !== undefined && this.#prefix.stuck && clock.monotonic() - this.#askedAt >= ASK_MS) {
      this.#askedAt = clock.monotonic();
      askPosition().then(
        (position) => {
          if (position !== undefined && connection === this.#connection) {
            this.#prefix.told(position);
          }
        },
        () => undefined,
      );
    }
  }

  #checkIdle(): void {
    if (this.#idle !== undefined && this.pending === 0) {
      this.#idle.resolve();
      this.#idle = undefined;
    }
  }

  #stopTimers(): void {
    this.#timer = this.#stop(this.#timer);
    this.#partsTimer = this.#stop(this.#partsTimer);
  }

  #stop(timer: TimerHandle | undefined): undefined {
    if (timer !== undefined) {
      this.#parts.clock.clearTimer(timer);
    }
    return undefined;
  }
}

function partOf(entry: Acknowledgeable): AckId {
  return { ledgerId: entry.ledgerId, entryId: entry.entryId, ackSet: entry.missing() };
}
