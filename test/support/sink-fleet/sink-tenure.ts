import type { PutEntry } from '../../../src/aws/kinesis-api';
import { isConnectorError } from '../../../src/errors';
import { type Landing, PutAttempt } from './put-attempt';
import type { AuditedMessage, SinkAudit } from './sink-audit';
import type { HopelessPolicy } from './sink-settings';

/** What one sink was configured with, and what its stream takes. */
export interface SinkLimits {
  readonly collectionMaxCount: number;
  readonly collectionMaxSize: number;
  readonly maxRecordBytes: number;
  readonly maxConnections: number;
  readonly maxPendingRecords: number;
  readonly maxPendingBytes: number;
  readonly recordTtl: number | undefined;
  readonly policy: HopelessPolicy;
}

/** Data and keys of one PutRecords. Source: Kinesis API. */
const MAX_REQUEST_BYTES = 10 * 1024 * 1024;

/** Failures in a row, each of an attempt made after the one before, which no backoff allows within PACE_MS. */
const PACE = 14;
const PACE_MS = 1000;

/**
 * `ready`: the sink may send it; `open`: in a request that its sender waits for; `accepted`: its sender knows;
 * `doubtful`: accepted in a frame of which its sender need not know whether it is where it belongs.
 */
interface Held {
  readonly message: AuditedMessage;
  readonly size: number;
  readonly since: number;
  state: 'ready' | 'open' | 'accepted' | 'doubtful';
  /** When it was refused, in a row, with everything else in its request. */
  refusals: number[];
}

const STATES = { right: 'accepted', wrong: 'ready', unknown: 'doubtful' } as const;

/** One sink from its opening to its end: what it was given, sends and settles. */
export class SinkTenure {
  readonly name: string;
  /** It has said that it cannot go on: what it is given now it refuses. */
  refusing = false;
  /** Entries of requests that failed and may have taken effect, as they were, and as the sink counted. */
  ambiguous = 0;
  countedAmbiguous = 0;
  readonly #audit: SinkAudit;
  readonly #limits: SinkLimits;
  readonly #held = new Map<number, Held>();
  readonly #openKeys = new Set<string>();
  /** The newest message of each key. */
  readonly #given = new Map<string, number>();
  readonly #sent = new Map<string, number>();
  #openRequests = 0;
  #requests = 0;
  #pendingBytes = 0;
  #closed = false;
  /** When requests failed in a row, those under way at the same time once. */
  #failures: number[] = [];

  constructor(audit: SinkAudit, name: string, limits: SinkLimits) {
    this.#audit = audit;
    this.name = name;
    this.#limits = limits;
  }

  get ordered(): boolean {
    return this.#audit.rules.ordered;
  }

  /** Messages given and not settled. */
  get pending(): number {
    return this.#held.size;
  }

  /** @param size bytes of data and partition key. */
  takes(message: AuditedMessage, size: number): void {
    const { index, takers } = message;
    const { maxPendingRecords, maxPendingBytes } = this.#limits;
    this.#audit.trace(message, this.name, 'given');
    this.#requireOpen(`was given message ${index}`, message);
    if (takers.includes(this)) {
      this.#audit.broken(`G8 ${this.name} was given message ${index} twice`, message);
    }
    this.#inOrder(message, this.#given, 'was given');
    if (this.refusing) {
      return;
    }
    if (this.#held.size >= maxPendingRecords || this.#pendingBytes >= maxPendingBytes) {
      const found = `${this.#held.size} records of ${this.#pendingBytes} bytes`;
      this.#audit.broken(`G5 ${this.name} has ${found} and asks for more`, message);
    }
    takers.push(this);
    this.#held.set(index, { message, size, since: this.#audit.rules.now(), state: 'ready', refusals: [] });
    this.#pendingBytes += size;
  }

  /** A request leaves. @param messages of each of its entries, in their order. */
  asks(
    entries: readonly PutEntry[],
    messages: readonly (readonly AuditedMessage[])[],
    landing: (place: number, shardId: string) => Landing,
  ): PutAttempt {
    const {
      collectionMaxCount: maxCount,
      collectionMaxSize: maxBytes,
      maxRecordBytes,
      maxConnections,
    } = this.#limits;
    const name = `${this.name}/${++this.#requests}`;
    this.#requireOpen(`sent request ${name}`);
    const sizes = entries.map(({ data, partitionKey }) => data.byteLength + Buffer.byteLength(partitionKey));
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    if (entries.length === 0 || entries.length > Math.min(maxCount, 500)) {
      this.#audit.broken(`request ${name} has ${entries.length} entries`);
    }
    if (bytes > MAX_REQUEST_BYTES || (bytes > maxBytes && entries.length > 1)) {
      this.#audit.broken(`request ${name} has ${bytes} bytes in ${entries.length} entries`);
    }
    if (sizes.some((size) => size > maxRecordBytes)) {
      this.#audit.broken(`request ${name} has an entry that is too large`);
    }
    if (++this.#openRequests > maxConnections) {
      this.#audit.broken(`${this.name} has ${this.#openRequests} requests under way`);
    }
    for (const together of messages) {
      for (const message of together) {
        this.#send(message, name);
      }
      this.#open(together);
    }
    return new PutAttempt(this, name, messages, landing, this.#audit.rules.now());
  }

  /** The sink acked `message`, or failed it with `cause`. */
  settles(message: AuditedMessage, cause: Error | undefined): void {
    const { index } = message;
    const held = this.#held.get(index);
    this.#audit.trace(message, this.name, cause === undefined ? 'acked' : `failed: ${cause.message}`);
    this.#requireOpen(`settled message ${index}`, message);
    if (held === undefined) {
      this.#audit.broken(`${this.name} settled message ${index} twice`, message);
      return;
    }
    this.#held.delete(index);
    this.#pendingBytes -= held.size;
    if (cause === undefined && (held.state === 'accepted' || held.state === 'doubtful')) {
      return;
    }
    const { policy } = this.#limits;
    const hopeless = (held.state === 'ready' || held.state === 'doubtful') && this.#isHopeless(held, cause);
    if (hopeless && (cause !== undefined || policy === 'skip')) {
      message.givenUp ||= policy === 'dead letters' || policy === 'skip';
    } else if (cause === undefined) {
      this.#audit.broken(`G8 message ${index} was acked before its entry was accepted`, message);
    } else {
      this.#audit.broken(`G8 message ${index} was given up without need`, message);
    }
  }

  /** The answer to a request has reached its sender. */
  answered(attempt: PutAttempt, landing: (place: number) => Landing | undefined): void {
    this.#learns(attempt, landing);
    this.#failures = [];
    const refused = attempt.messages.every((_, place) => landing(place) === undefined);
    for (const message of attempt.messages.flat()) {
      const held = this.#held.get(message.index);
      if (held !== undefined) {
        held.refusals = refused ? [...held.refusals, this.#audit.rules.now()] : [];
        this.#pace(held.refusals, `refused message ${message.index}`);
      }
    }
  }

  /** A request has failed for its sender. @param invalid because of what is in it: then it is sent in parts at once */
  failed(attempt: PutAttempt, invalid: boolean): void {
    this.#learns(attempt, () => undefined);
    const last = this.#failures.at(-1) ?? Number.NEGATIVE_INFINITY;
    if (invalid) {
      this.#failures = [];
    } else if (attempt.startedAt > last) {
      this.#failures.push(this.#audit.rules.now());
      this.#pace(this.#failures, 'failed requests');
    }
  }

  stored(
    message: AuditedMessage,
    request: string,
    { delivered, late }: { readonly delivered: boolean; readonly late: boolean },
  ): void {
    const where = delivered ? '' : ' on a wrong shard';
    this.#audit.trace(message, this.name, `stored by ${request}${where}${late ? ', given up before' : ''}`);
    this.#audit.stored(message, delivered);
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** `close` of the sink has resolved. */
  closed(): void {
    this.#closed = true;
  }

  #learns(attempt: PutAttempt, landing: (place: number) => Landing | undefined): void {
    this.#openRequests--;
    for (const [place, messages] of attempt.messages.entries()) {
      const state = STATES[landing(place) ?? 'wrong'];
      for (const { key, index } of messages) {
        if (key !== undefined) {
          this.#openKeys.delete(key);
          // It comes again, and those behind it.
          const newest = this.#sent.get(key) ?? -1;
          this.#sent.set(key, state === 'accepted' ? newest : Math.min(newest, index - 0.5));
        }
        const held = this.#held.get(index);
        if (held !== undefined) {
          held.state = state;
        }
      }
    }
  }

  #pace(times: readonly number[], what: string): void {
    const [first] = times.slice(-PACE);
    if (first !== undefined && times.length >= PACE && this.#audit.rules.now() - first < PACE_MS) {
      this.#audit.broken(`${this.name} sends ${what} again ${PACE} times within ${PACE_MS} ms`);
    }
  }

  #send(message: AuditedMessage, request: string): void {
    const { index, key } = message;
    const held = this.#held.get(index);
    this.#audit.trace(message, this.name, `sent in ${request}`);
    if (held === undefined) {
      this.#audit.broken(`G8 ${request} has message ${index}, which is settled`, message);
    } else {
      if (held.state !== 'ready' && held.state !== 'doubtful') {
        this.#audit.broken(`G8 ${request} has message ${index} again, which is ${held.state}`, message);
      }
      held.state = 'open';
    }
    this.#inOrder(message, this.#sent, 'sent');
    if (key !== undefined && this.ordered && this.#openKeys.has(key)) {
      this.#audit.broken(`G8 ${request} has a second entry of key ${key} under way`, message);
    }
  }

  /** The keys of one entry are under way. */
  #open(messages: readonly AuditedMessage[]): void {
    for (const { key } of messages) {
      if (key !== undefined) {
        this.#openKeys.add(key);
      }
    }
  }

  #inOrder(message: AuditedMessage, newest: Map<string, number>, what: string): void {
    const { key, index } = message;
    if (key !== undefined && this.ordered) {
      const before = newest.get(key) ?? -1;
      if (index < before) {
        this.#audit.broken(`G8 ${this.name} ${what} message ${index} behind ${before} of its key`, message);
      }
      newest.set(key, Math.max(before, index));
    }
  }

  #isHopeless({ message, since }: Held, cause: Error | undefined): boolean {
    const expired = this.#audit.rules.now() >= since + (this.#limits.recordTtl ?? Number.POSITIVE_INFINITY);
    if (cause === undefined) {
      return expired || message.kind === 'too large' || message.kind === 'poison';
    }
    return (
      (isConnectorError(cause, 'SINK_RECORD_TOO_LARGE') && message.kind === 'too large') ||
      (isConnectorError(cause, 'SINK_RECORD_REFUSED') && message.kind === 'poison') ||
      (isConnectorError(cause, 'SINK_RECORD_EXPIRED') && expired)
    );
  }

  #requireOpen(what: string, message?: AuditedMessage): void {
    if (this.#closed) {
      this.#audit.broken(`${this.name} ${what} after it was closed`, message);
    }
  }
}
