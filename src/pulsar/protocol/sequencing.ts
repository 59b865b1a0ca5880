import type { OutgoingMessage } from './message';
import type { DeduplicationProof, RefusalMemory, SequencedParts } from './producer-parts';
import { ProtocolError } from './protocol-error';
import type { SendOperation } from './send-operation';

/** How a broker words the refusal of a send that it has not looked at, because the topic was closed to writes. */
const TOPIC_FENCED = / fenced$/;

/**
 * What the broker remembers of the ids of one sequenced producer, and what follows from it. Pure.
 *
 * A broker compares the first id of a send with L, the highest that it has accepted under the name, stored or not.
 * Above L it is new. At or below what is stored it is dropped, a batch as a whole, and answered as a duplicate. Between
 * the two it is refused ("cannot determine whether"). One rule keeps every message stored once:
 *
 *   at each registration L is told; what is unconfirmed up to L is sent again alone, one message a send, and nothing
 *   above L is sent before all of that is confirmed.
 *
 * - No batch lies across L, so none is dropped together with messages that the broker does not have. Batches of before
 *   do not matter: up to L there are none, and above L the broker has nothing of this name, because the place from
 *   where it was sent was given up before L was told.
 * - While something up to L is undecided nothing above L can be accepted. Else the next registration might tell of an
 *   L above the undecided, which would be taken for duplicates whether they were stored or not.
 * - A write that fails takes all that was accepted behind it along: the topic is closed to writes, then its producers
 *   are closed, and only when nothing is pending L goes back to what is stored (`PersistentTopic.addFailed`,
 *   `MessageDeduplication.resetHighestSequenceIdPushed`). Nothing sent behind it by the same producer can be stored, so
 *   the producer ends, and the next one starts from that lower L.
 * - A send that is refused without being looked at is different: what follows it is stored, and L hides it from then
 *   on. Seen on 4.0.8 of a message above the maxMessageSize of its topic (NotAllowedError). The same goes for one that
 *   is damaged, that meets a topic closed to writes for a moment, or that is never answered. A receipt out of order
 *   tells, or the L of another registration: a clash, since sent again it would be called a duplicate and lost.
 * - A receipt for a duplicate above L means that somebody else uses the name: a clash too.
 *
 * Source: `MessageDeduplication.isDuplicateNormal`, `PersistentTopic.publishMessage`, `Producer.MessagePublishContext`.
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
  readonly #refusals: RefusalMemory;

  constructor({ firstId, deduplication, refusals }: SequencedParts) {
    this.#firstId = firstId;
    this.#refusals = refusals;
    this.#lastId = firstId - 1;
    this.#proof = deduplication;
  }

  /**
   * The producer has been accepted, and was told L.
   * @returns FORGOTTEN: the broker does not remember what was confirmed. Or what ends the producer: deduplication-off,
   * sequence-clash, or why a send was refused.
   */
  registered(told: number): 'REMEMBERED' | 'FORGOTTEN' | ProtocolError {
    const { refusal } = this.#refusals;
    this.#refusals.refusal = undefined;
    if (refusal !== undefined && told >= refusal.id) {
      return passedOver(`sequence id ${refusal.id}`, told, refusal.error);
    }
    if (refusal !== undefined && this.#told !== undefined) {
      return refusal.error;
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
    return this.told < 0 && !this.#proof.proven;
  }

  /** Whether a message is sent alone. @param first nothing unconfirmed is in front of it */
  alone(id: number, first: boolean): boolean {
    return id <= this.told || (first && this.unproven);
  }

  /**
   * A receipt has come for `operation`.
   * @param oldest id of the oldest one that is unconfirmed
   * @returns sequence-clash, when it cannot be believed
   */
  answered(operation: SendOperation, duplicate: boolean, oldest: number): ProtocolError | undefined {
    const { sequenceId, highestSequenceId, confirmed } = operation;
    if (duplicate && highestSequenceId > this.told) {
      const expected = `expected sequence id ${highestSequenceId} to be new to a broker that told of ${this.told}`;
      const clash = new ProtocolError('sequence-clash', `${expected}, found that it has it`);
      this.#note(sequenceId, clash);
      return clash;
    }
    if (sequenceId > oldest && sequenceId > this.told) {
      const clash = passedOver('what was sent before', sequenceId, this.#refusals.refusal?.error);
      this.#note(oldest, clash);
      return clash;
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
    if (id <= this.told || (undecided && !TOPIC_FENCED.test(error.message))) {
      return false;
    }
    this.#note(id, error);
    return true;
  }

  /** sequence-clash, while it is not known whether something was stored behind a send that was passed over. */
  get doubt(): ProtocolError | undefined {
    const { refusal } = this.#refusals;
    return refusal === undefined || refusal.id >= this.#lastId
      ? undefined
      : passedOver(`sequence id ${refusal.id}`, this.#lastId, refusal.error);
  }

  #note(id: number, error: ProtocolError): void {
    const { refusal } = this.#refusals;
    if (refusal === undefined || id < refusal.id) {
      this.#refusals.refusal = { id, error };
    }
  }

  /** L as it was told last; −1: the broker remembers nothing. */
  get told(): number {
    return this.#told ?? -1;
  }
}

/** @param stored an id that the broker has, or has stored. */
function passedOver(what: string, stored: number, cause: ProtocolError | undefined): ProtocolError {
  const why = cause === undefined ? '' : ` (${cause.message})`;
  const message = `expected ${what} to be stored before sequence id ${stored}, found that it was passed over${why}`;
  return new ProtocolError('sequence-clash', message, cause);
}
