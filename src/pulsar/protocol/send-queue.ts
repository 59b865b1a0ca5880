import { Ring } from '../../util/ring';
import type { LargePayload, OutgoingMessage } from './message';
import { chunksOf, noteReceipt, operationBytes, type SendOperation } from './send-operation';

export interface BatchLimits {
  /** Messages of a batch; 1 = no batching. */
  readonly maxMessages: number;
  /** Bytes of a batch; a larger message goes alone. */
  readonly maxBytes: number;
}

/**
 * The messages of one producer that are not confirmed, and how they are cut into sends. Pure.
 *
 *   messages  [ a b c ][ d e ][ f g h ][ i j
 *   closed    [   0   ][  3  ][   5   ]          operations, by sequence id
 *                             ^ unsent           what is before it waits for its receipt
 *   open                               [ 8       the batch that still takes messages
 */
export class SendQueue<M extends OutgoingMessage> {
  readonly messages = new Ring<M>();
  readonly #limits: BatchLimits;
  readonly #closed = new Ring<SendOperation>();
  #open: SendOperation | undefined;
  #nextSequenceId: number;
  /** Index into #closed of the next operation to send, and into `messages` of its first message. */
  #unsent = 0;
  #unsentMessage = 0;
  /** Operations that are alone; they come before all others. */
  #alone = 0;

  constructor(limits: BatchLimits, firstSequenceId: number) {
    this.#limits = limits;
    this.#nextSequenceId = firstSequenceId;
  }

  /** Whether a batch is open and waits for more. */
  get lingering(): boolean {
    return this.#open !== undefined;
  }

  /** Messages and bytes of everything unconfirmed. */
  totals(): { readonly messages: number; readonly bytes: number } {
    let bytes = this.#open === undefined ? 0 : operationBytes(this.#open);
    for (const operation of this.#closed) {
      bytes += operationBytes(operation);
    }
    return { messages: this.messages.length, bytes };
  }

  /** Id of the oldest operation that waits for a receipt, or to be sent. */
  get oldest(): number | undefined {
    return this.#closed.peek()?.sequenceId;
  }

  /** Bytes a batch may have. */
  get maxBytes(): number {
    return this.#limits.maxBytes;
  }

  /**
   * Appends `message`, whose `metadataSize` is given.
   * @param large When given, it goes in an operation of its own and as that.
   * @param sequenceId Above those before it; the next one when absent.
   * @param alone Whether it goes in an operation of its own, which must be confirmed before anything is sent that is
   * not alone; not behind anything that is not alone.
   */
  append(
    message: M,
    metadataBytes: number,
    large?: LargePayload,
    sequenceId = this.#nextSequenceId,
    alone = false,
  ): void {
    const bytes = message.value.length + metadataBytes;
    if (this.#open !== undefined && operationBytes(this.#open) + bytes > this.#limits.maxBytes) {
      this.closeBatch();
    }
    this.messages.push(message);
    const open = this.#open ?? this.#start(sequenceId, alone, large);
    open.highestSequenceId = sequenceId;
    this.#nextSequenceId = sequenceId + 1;
    open.count++;
    open.valueBytes += message.value.length;
    open.metadataBytes += metadataBytes;
    if (alone || open.count >= this.#limits.maxMessages || operationBytes(open) >= this.#limits.maxBytes) {
      this.closeBatch();
    }
  }

  /** Ends the open batch, so that it can be sent. */
  closeBatch(): void {
    if (this.#open !== undefined) {
      this.#closed.push(this.#open);
      this.#alone += this.#open.alone ? 1 : 0;
      this.#open = undefined;
    }
  }

  /** The next operation to send; its messages begin at `firstUnsent` of `messages`. */
  peek(): SendOperation | undefined {
    let operation = this.#closed.at(this.#unsent);
    while (operation?.confirmed) {
      this.#advance(operation);
      operation = this.#closed.at(this.#unsent);
    }
    return this.#alone > 0 && operation?.alone === false ? undefined : operation;
  }

  get firstUnsent(): number {
    return this.#unsentMessage;
  }

  /** Takes note that the operation last peeked, or the next of its parts, has been sent. */
  sent(): void {
    const operation = this.#closed.at(this.#unsent);
    if (operation === undefined) {
      return;
    }
    const { chunks } = operation;
    if (chunks === undefined || ++chunks.sent === chunks.count) {
      this.#advance(operation);
    }
  }

  /** Notes a receipt. @returns the operation it is for; undefined when none of that id has been sent. */
  confirm(sequenceId: number, duplicate = false): SendOperation | undefined {
    // Receipts come in order; errors and duplicates may overtake them, so that the loop is rarely run twice.
    for (let i = 0; i < this.#unsent; i++) {
      const operation = this.#closed.at(i);
      if (operation?.sequenceId === sequenceId) {
        return noteReceipt(operation, duplicate) ? operation : undefined;
      }
    }
    // Of a message of which only some parts were sent.
    const next = this.#closed.at(this.#unsent);
    const due = next?.sequenceId === sequenceId && next.chunks !== undefined && noteReceipt(next, duplicate);
    return due ? next : undefined;
  }

  /** Takes the first operation off when it is confirmed; its messages are then the first of `messages`. */
  shiftConfirmed(): SendOperation | undefined {
    const operation = this.#closed.peek();
    if (!operation?.confirmed) {
      return undefined;
    }
    this.#closed.shift();
    if (operation.alone) {
      this.#alone--;
    }
    // Confirmed out of order and rewound since: then it was not counted as sent again.
    if (this.#unsent > 0) {
      this.#unsent--;
      this.#unsentMessage -= operation.count;
    }
    return operation;
  }

  /** Everything unconfirmed is to be sent again, in the same cut; a chunked message from its first part. */
  rewind(): void {
    this.#unsent = 0;
    this.#unsentMessage = 0;
    for (const { chunks } of this.#closed) {
      if (chunks !== undefined) {
        chunks.sent = 0;
        chunks.confirmed = 0;
      }
    }
  }

  /** Everything in `messages`, each with what goes instead of its value. */
  *unconfirmed(): IterableIterator<readonly [message: M, large: LargePayload | undefined]> {
    let index = 0;
    const operations = this.#open === undefined ? [...this.#closed] : [...this.#closed, this.#open];
    for (const { count, chunks } of operations) {
      for (const end = index + count; index < end; index++) {
        yield [this.messages.at(index) as M, chunks?.payload];
      }
    }
  }

  clear(): void {
    this.messages.clear();
    this.#closed.clear();
    this.#open = undefined;
    this.#alone = 0;
    this.rewind();
  }

  #start(sequenceId: number, alone: boolean, large: LargePayload | undefined): SendOperation {
    this.#open = {
      sequenceId,
      highestSequenceId: sequenceId,
      count: 0,
      valueBytes: 0,
      metadataBytes: 0,
      confirmed: false,
      duplicate: false,
      alone,
      chunks: large === undefined ? undefined : chunksOf(large),
    };
    return this.#open;
  }

  #advance(operation: SendOperation): void {
    this.#unsent++;
    this.#unsentMessage += operation.count;
  }
}
