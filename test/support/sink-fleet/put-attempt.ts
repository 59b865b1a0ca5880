import type { PutResult } from '../../../src/aws/kinesis-api';
import type { AuditedMessage } from './sink-audit';
import type { SinkTenure } from './sink-tenure';

/** One PutRecords: what it did in the stream, and what its sender knows of that. */
export class PutAttempt {
  readonly messages: readonly AuditedMessage[];
  /** Monotonic milliseconds. */
  readonly startedAt: number;
  readonly #tenure: SinkTenure;
  readonly #name: string;
  readonly #stored = new Set<number>();
  #state: 'open' | 'answered' | 'failed' = 'open';

  constructor(tenure: SinkTenure, name: string, messages: readonly AuditedMessage[], startedAt: number) {
    this.startedAt = startedAt;
    this.#tenure = tenure;
    this.#name = name;
    this.messages = messages;
  }

  /** Kinesis has dealt with it. @param results one an entry. */
  applied(results: readonly PutResult[]): void {
    for (const [place, message] of this.messages.entries()) {
      if (results[place]?.accepted === true) {
        this.#tenure.stored(message, this.#name, this.#state !== 'open');
        // Until an answer says so.
        message.unanswered += this.#stored.has(place) ? 0 : 1;
        this.#stored.add(place);
      }
    }
  }

  /** The answer has reached its sender. */
  answered(): void {
    if (this.#state === 'open') {
      this.#state = 'answered';
      for (const place of this.#stored) {
        (this.messages[place] as AuditedMessage).unanswered--;
      }
      this.#tenure.answered(this, (place) => this.#stored.has(place));
    }
  }

  /**
   * The sender takes it for failed.
   * @param ambiguous and knows that it may have taken effect.
   * @param invalid and knows that something in it is not valid.
   */
  failed(ambiguous: boolean, invalid = false): void {
    if (this.#state === 'open') {
      this.#state = 'failed';
      this.#tenure.ambiguous += ambiguous ? this.messages.length : 0;
      this.#tenure.failed(this, invalid);
    }
  }
}
