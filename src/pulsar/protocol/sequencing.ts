import type { OutgoingMessage } from './message';
import type { DeduplicationProof, SequencedParts } from './producer-parts';
import { ProtocolError } from './protocol-error';
import type { SendOperation } from './send-operation';

/** How a broker words the refusal of a send that it has not looked at, because the topic was closed to writes. */
const TOPIC_FENCED = / fenced$/;

/**
 * What the broker remembers of the ids of one sequenced producer, and what follows from it. Pure.
 *
 * A broker compares the first id of a send with L, the highest it has accepted under the name, stored or not: above
 * L it is new, at or below what is stored it is dropped whole and answered as a duplicate, between the two it is
 * refused ("cannot determine whether"). Whatever is at stake, one rule keeps each message stored once:
 *
 *   at each registration L is told; what is unconfirmed up to L is sent again alone, one message a send, and nothing
 *   above L is sent before all of that is confirmed.
 *
 * - No batch lies across L, so none is dropped together with messages the broker does not have. Borders of earlier
 *   batches do not matter: up to L there are no batches, and above L the broker has nothing of this name, because the
 *   place where it was sent was given up before L was told.
 * - While something up to L is undecided nothing above L can be accepted. Otherwise the next registration would tell
 *   of that, and the undecided would be taken for duplicates of it, whether they were stored or not.
 * - A write that fails takes all accepted behind it along: the topic is closed to writes, its producers are closed,
 *   and only then L goes back to what is stored (`PersistentTopic.addFailed`). So the producer ends, and the next one
 *   starts from that L.
 * - A send that was refused without being looked at, or was never answered, is different: what follows it may be
 *   stored, and L hides it for good. That shows in a receipt that comes out of order, or at the next registration,
 *   and is a clash: sent again it would be called a duplicate.
 * - A receipt for a duplicate above L means that somebody else uses the name.
 *
 * Source: Pulsar `MessageDeduplication`, `PersistentTopic.publishMessage`; seen on 4.0.8.
 */
export class Sequencing {
  readonly #firstId: number;
  readonly #proof: DeduplicationProof;
  /** L; undefined before the first registration. */
  #told: number | undefined;
  /** Of the messages given to the producer. */
  #lastId: number;
  /** Highest id confirmed. */
  #confirmed = -1;
  /** The id that was refused without being looked at, and why. */
  #refused: { readonly id: number; readonly error: ProtocolError } | undefined;

  constructor({ firstId, deduplication }: SequencedParts) {
    this.#firstId = firstId;
    this.#lastId = firstId - 1;
    this.#proof = deduplication;
  }

  /**
   * The producer has been accepted, and was told L.
   * @returns FORGOTTEN: the broker does not remember what was confirmed. Or what ends the producer: deduplication-off,
   * sequence-clash, or why a send was refused.
   */
  registered(told: number): 'REMEMBERED' | 'FORGOTTEN' | ProtocolError {
    if (this.#refused !== undefined) {
      const { id, error } = this.#refused;
      return told < id ? error : passedOver(`sequence id ${id}`, told, error);
    }
    if (told >= 0) {
      this.#proof.prove();
    } else if (this.#confirmed >= 0 && !this.#proof.proven) {
      return new ProtocolError(
        'deduplication-off',
        `expected the broker to remember sequence id ${this.#confirmed}, found that it remembers none`,
      );
    }
    const first = this.#told === undefined;
    const forgotten = first ? told < 0 && this.#firstId > 0 : told < this.#confirmed;
    this.#told = told;
    this.#confirmed = Math.min(this.#confirmed, told);
    return forgotten ? 'FORGOTTEN' : 'REMEMBERED';
  }

  /** Takes note of the next message. @returns its id @throws ProtocolError sequence-clash, when it must not be sent */
  next({ recordSequence: id }: OutgoingMessage): number {
    if (id === undefined || !Number.isSafeInteger(id) || id <= this.#lastId) {
      throw new ProtocolError(
        'sequence-clash',
        `expected a message with a sequence id above ${this.#lastId}, found ${id ?? 'none'}`,
      );
    }
    this.#lastId = id;
    return id;
  }

  /**
   * Whether the topic has not shown yet that it deduplicates: nothing is sent behind the first message, which is
   * confirmed; then a new registration tells.
   */
  get unproven(): boolean {
    return this.#last < 0 && !this.#proof.proven;
  }

  /** Whether a message is sent alone. @param first nothing unconfirmed is in front of it */
  alone(id: number, first: boolean): boolean {
    return id <= this.#last || (first && this.unproven);
  }

  /**
   * A receipt has come for `operation`.
   * @param oldest whether nothing older is unconfirmed.
   * @returns sequence-clash, when it cannot be believed
   */
  answered(operation: SendOperation, duplicate: boolean, oldest: boolean): ProtocolError | undefined {
    const { sequenceId, highestSequenceId, confirmed } = operation;
    if (duplicate && highestSequenceId > this.#last) {
      const expected = `expected sequence id ${highestSequenceId} to be new to a broker that told of ${this.#last}`;
      return new ProtocolError('sequence-clash', `${expected}, found that it has it`);
    }
    if (!oldest && sequenceId > this.#last) {
      return passedOver('what was sent before', sequenceId, this.#refused?.error);
    }
    if (confirmed && highestSequenceId > this.#confirmed) {
      this.#confirmed = highestSequenceId;
    }
    return undefined;
  }

  /**
   * The broker has refused a send.
   * @returns whether to register again, which tells whether something behind it was stored.
   */
  refused(id: number, error: ProtocolError): boolean {
    const undecided = error.kind === 'persistence' || error.kind === 'topic-terminated';
    if (id <= this.#last || (undecided && !TOPIC_FENCED.test(error.message))) {
      return false;
    }
    this.#refused = { id, error };
    return true;
  }

  get #last(): number {
    return this.#told ?? -1;
  }
}

/** @param stored an id that the broker has, or has stored. */
function passedOver(what: string, stored: number, cause: ProtocolError | undefined): ProtocolError {
  const why = cause === undefined ? '' : ` (${cause.message})`;
  const message = `expected ${what} to be stored before sequence id ${stored}, found that it was passed over${why}`;
  return new ProtocolError('sequence-clash', message, cause);
}
