import { Ring } from '../../util/ring';
import type { OutgoingMessage } from './message';

/** One SEND: a plain message, or a batch. Its ids and its borders never change once it is closed. */
export interface SendOperation {
  /** Id of its first message; the others follow one by one. */
  readonly sequenceId: number;
  count: number;
  valueBytes: number;
  /** See `metadataSize`. */
  metadataBytes: number;
  confirmed: boolean;
}

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

  /** Bytes a batch may have. */
  get maxBytes(): number {
    return this.#limits.maxBytes;
  }

  /** Appends `message`, whose `metadataSize` is given. */
  append(message: M, metadataBytes: number): void {
    const bytes = message.value.length + metadataBytes;
    if (this.#open !== undefined && operationBytes(this.#open) + bytes > this.#limits.maxBytes) {
      this.closeBatch();
    }
    this.messages.push(message);
    const open = this.#open ?? this.#start();
    open.count++;
    open.valueBytes += message.value.length;
    open.metadataBytes += metadataBytes;
    if (open.count >= this.#limits.maxMessages || operationBytes(open) >= this.#limits.maxBytes) {
      this.closeBatch();
    }
  }

  /** Ends the open batch, so that it can be sent. */
  closeBatch(): void {
    if (this.#open !== undefined) {
      this.#closed.push(this.#open);
      this.#nextSequenceId += this.#open.count;
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
    return operation;
  }

  get firstUnsent(): number {
    return this.#unsentMessage;
  }

  /** Takes note that the operation last peeked has been sent. */
  sent(): void {
    const operation = this.#closed.at(this.#unsent);
    if (operation !== undefined) {
      this.#advance(operation);
    }
  }

  /** Notes a receipt. @returns false when no operation of that id has been sent. */
  confirm(sequenceId: number): boolean {
    // Receipts come in order; errors and duplicates may overtake them, so that the loop is rarely run twice.
    for (let i = 0; i < this.#unsent; i++) {
      const operation = this.#closed.at(i);
      if (operation?.sequenceId === sequenceId) {
        operation.confirmed = true;
        return true;
      }
    }
    return false;
  }

  /** Takes the first operation off when it is confirmed; its messages are then the first of `messages`. */
  shiftConfirmed(): SendOperation | undefined {
    const operation = this.#closed.peek();
    if (!operation?.confirmed) {
      return undefined;
    }
    this.#closed.shift();
    // Confirmed out of order and rewound since: then it was not counted as sent again.
    if (this.#unsent > 0) {
      this.#unsent--;
      this.#unsentMessage -= operation.count;
    }
    return operation;
  }

  /** Everything unconfirmed is to be sent again, in the same cut. */
  rewind(): void {
    this.#unsent = 0;
    this.#unsentMessage = 0;
  }

  clear(): void {
    this.messages.clear();
    this.#closed.clear();
    this.#open = undefined;
    this.rewind();
  }

  #start(): SendOperation {
    this.#open = {
      sequenceId: this.#nextSequenceId,
      count: 0,
      valueBytes: 0,
      metadataBytes: 0,
      confirmed: false,
    };
    return this.#open;
  }

  #advance(operation: SendOperation): void {
    this.#unsent++;
    this.#unsentMessage += operation.count;
  }
}

export function operationBytes(operation: SendOperation): number {
  return operation.valueBytes + operation.metadataBytes;
}
