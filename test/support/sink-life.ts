import type { PutEntry } from '../../src/aws/kinesis-api';
import { isConnectorError } from '../../src/errors';
import type { HopelessPolicy } from './one-sink-settings';
import { PutAttempt } from './put-attempt';
import type { AuditedMessage, SinkAudit } from './sink-audit';

/** What one sink was configured with, and what its stream takes. */
export interface SinkLimits {
  readonly maxCount: number;
  readonly maxBytes: number;
  readonly maxRecordBytes: number;
  readonly maxConnections: number;
  readonly maxPendingRecords: number;
  readonly maxPendingBytes: number;
  readonly recordTtl: number;
  readonly policy: HopelessPolicy;
}

/** Data and keys of one PutRecords. Source: Kinesis API. */
const MAX_REQUEST_BYTES = 10 * 1024 * 1024;

/** `ready`: the sink may send it; `open`: in a request that its sender waits for; `accepted`: its sender knows. */
interface Held {
  readonly message: AuditedMessage;
  readonly size: number;
  readonly since: number;
  state: 'ready' | 'open' | 'accepted';
}

/** One sink from its opening to its end: what it was given, sends and settles. */
export class SinkLife {
  readonly name: string;
  /** How it ended. */
  end: 'drained' | 'undrained' | 'failed' | 'killed' | undefined;
  /** Its messages may have gone to another consumer. */
  cut = false;
  /** It has said that it cannot go on: what it is given now it refuses. */
  refusing = false;
  /** Entries of requests that failed and may have taken effect, as they were, and as the sink counted. */
  ambiguous = 0;
  countedAmbiguous = 0;
  readonly #audit: SinkAudit;
  readonly #limits: SinkLimits;
  readonly #held = new Map<number, Held>();
  readonly #openKeys = new Set<string>();
  #openRequests = 0;
  #requests = 0;
  #pendingBytes = 0;
  #closed = false;

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
    this.#audit.trace(message, `given to ${this.name}`);
    this.#requireOpen(`was given message ${index}`, message);
    const unexplained = takers.find((taker) => !this.#mayFollow(taker, message));
    if (unexplained !== undefined) {
      this.#audit.broken(`G8 message ${index} came again, ${unexplained.name} had it`, message);
    }
    if (this.refusing) {
      return;
    }
    if (this.#held.size >= maxPendingRecords || this.#pendingBytes >= maxPendingBytes) {
      const found = `${this.#held.size} records of ${this.#pendingBytes} bytes`;
      this.#audit.broken(`G5 ${this.name} has ${found} and asks for more`, message);
    }
    takers.push(this);
    this.#held.set(index, { message, size, since: this.#audit.rules.now(), state: 'ready' });
    this.#pendingBytes += size;
  }

  /** A request leaves. @param messages of its entries, in their order. */
  asks(entries: readonly PutEntry[], messages: readonly AuditedMessage[]): PutAttempt {
    const { maxCount, maxBytes, maxRecordBytes, maxConnections } = this.#limits;
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
    for (const message of messages) {
      this.#send(message, name);
    }
    return new PutAttempt(this, name, messages);
  }

  /** The sink acked `message`, or failed it with `cause`. */
  settles(message: AuditedMessage, cause: Error | undefined): void {
    const { index } = message;
    const held = this.#held.get(index);
    this.#audit.trace(message, `${this.name} ${cause === undefined ? 'acks' : `fails it: ${cause.message}`}`);
    this.#requireOpen(`settled message ${index}`, message);
    if (held === undefined) {
      this.#audit.broken(`${this.name} settled message ${index} twice`, message);
      return;
    }
    this.#held.delete(index);
    this.#pendingBytes -= held.size;
    if (cause === undefined && held.state === 'accepted') {
      return;
    }
    const { policy } = this.#limits;
    message.givenUp ||= policy === 'dead letters' || policy === 'skip';
    if (cause === undefined && policy !== 'skip') {
      this.#audit.broken(`G8 message ${index} was acked before its entry was accepted`, message);
    } else if (held.state !== 'ready' || !this.#isHopeless(held, cause)) {
      this.#audit.broken(`G8 message ${index} was given up without need`, message);
    }
  }

  /** Whether the sink still waits for the entry of `message`. */
  holds(message: AuditedMessage): boolean {
    return this.#held.has(message.index);
  }

  /** What became of the entries of a request, as its sender learns it. */
  learns(attempt: PutAttempt, accepted: (place: number) => boolean): void {
    this.#openRequests--;
    for (const [place, message] of attempt.messages.entries()) {
      if (message.key !== undefined) {
        this.#openKeys.delete(message.key);
      }
      const held = this.#held.get(message.index);
      if (held !== undefined) {
        held.state = accepted(place) ? 'accepted' : 'ready';
      }
    }
  }

  stored(message: AuditedMessage, request: string, late: boolean): void {
    this.#audit.trace(message, `stored by ${request}${late ? ', given up before' : ''}`);
    this.#audit.stored(message);
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** `close` of the sink has resolved. */
  closed(): void {
    this.#closed = true;
  }

  #mayFollow(taker: SinkLife, { ackLost }: AuditedMessage): boolean {
    const drained = taker.end === undefined || taker.end === 'drained';
    // One that was cut may hold what others have had since.
    return taker !== this && (this.cut || taker.cut || ackLost || !drained);
  }

  #send(message: AuditedMessage, request: string): void {
    const { index, key } = message;
    const held = this.#held.get(index);
    this.#audit.trace(message, `sent in ${request}`);
    if (held === undefined) {
      this.#audit.broken(`G8 ${request} has message ${index}, which is settled`, message);
    } else {
      if (held.state !== 'ready') {
        this.#audit.broken(`G8 ${request} has message ${index} again, which is ${held.state}`, message);
      }
      held.state = 'open';
    }
    if (key !== undefined && this.ordered) {
      if (this.#openKeys.has(key)) {
        this.#audit.broken(`G8 ${request} has a second entry of key ${key} under way`, message);
      }
      this.#openKeys.add(key);
    }
  }

  #isHopeless({ message, since }: Held, cause: Error | undefined): boolean {
    const expired = this.#audit.rules.now() >= since + this.#limits.recordTtl;
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
