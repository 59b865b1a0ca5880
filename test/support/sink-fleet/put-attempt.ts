import type { PutResult } from '../../../src/aws/kinesis-api';
import type { AuditedMessage } from './sink-audit';
import type { SinkTenure } from './sink-tenure';

/** What an accepted entry is to its sender, which may have to send a frame again whose shard it does not know. */
export type Landing = 'right' | 'wrong' | 'unknown';

/** One PutRecords: what it did in the stream, and what its sender knows of that. */
export class PutAttempt {
  /** Those of each entry. */
  readonly messages: readonly (readonly AuditedMessage[])[];
  /** Monotonic milliseconds. */
  readonly startedAt: number;
  readonly #tenure: SinkTenure;
  readonly #name: string;
  readonly #landing: (place: number, shardId: string) => Landing;
  /** Shards of the entries that were accepted. */
  readonly #stored = new Map<number, string>();
  #state: 'open' | 'answered' | 'failed' = 'open';

  constructor(
    tenure: SinkTenure,
    name: string,
    messages: readonly (readonly AuditedMessage[])[],
    landing: (place: number, shardId: string) => Landing,
    startedAt: number,
  ) {
    this.startedAt = startedAt;
    this.#tenure = tenure;
    this.#name = name;
    this.#landing = landing;
    this.messages = messages;
  }

  /** Kinesis has dealt with it. @param results one an entry. */
  applied(results: readonly PutResult[]): void {
    for (const [place, messages] of this.messages.entries()) {
      const result = results[place];
      if (result?.accepted === true) {
        const delivered = this.#landing(place, result.shardId) !== 'wrong';
        for (const message of messages) {
          this.#tenure.stored(message, this.#name, { delivered, late: this.#state !== 'open' });
          // Until an answer says so.
          message.unanswered += this.#stored.has(place) || !delivered ? 0 : 1;
        }
        this.#stored.set(place, result.shardId);
      }
    }
  }

  /** The answer has reached its sender. */
  answered(): void {
    if (this.#state === 'open') {
      this.#state = 'answered';
      const landings = new Map(
        [...this.#stored].map(([place, shardId]) => [place, this.#landing(place, shardId)] as const),
      );
      for (const [place, landing] of landings) {
        for (const message of landing === 'right' ? (this.messages[place] ?? []) : []) {
          message.unanswered--;
        }
      }
      this.#tenure.answered(this, (place) => landings.get(place));
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
      this.#tenure.ambiguous += ambiguous ? this.messages.flat().length : 0;
      this.#tenure.failed(this, invalid);
    }
  }
}
