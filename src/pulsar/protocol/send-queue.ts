import { Ring } from '../../util/ring';
import type { OutgoingMessage } from './message';

/** How a message that is too large for one frame goes: in parts, one frame each, all with its sequence id. */
export interface Chunks {
  readonly count: number;
  /** Bytes of each but the last. */
  readonly size: number;
  /** Parts sent, and parts the broker has, since sending began or began again. */
  sent: number;
  confirmed: number;
}

/** One SEND: a plain message, or a batch; or all of one chunked message. Its ids and borders never change once closed. */
export interface SendOperation {
  /** Id of its first message; the others follow one by one. */
  readonly sequenceId: number;
  count: number;
  valueBytes: number;
  /** See `metadataSize`. */
  metadataBytes: number;
  confirmed: boolean;
  readonly chunks: Chunks | undefined;
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
   * @param part When given, it goes alone and in parts of so many bytes of its value.
   */
  append(message: M, metadataBytes: number, part?: number): void {
    const bytes = message.value.length + metadataBytes;
    if (this.#open !== undefined && operationBytes(this.#open) + bytes > this.#limits.maxBytes) {
      this.closeBatch();
    }
    this.messages.push(message);
    const open = this.#open ?? this.#start(part === undefined ? undefined : chunksOf(message, part));
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

  /** Notes a receipt. @returns false when no operation of that id has been sent. */
  confirm(sequenceId: number): boolean {
    // Receipts come in order; errors and duplicates may overtake them, so that the loop is rarely run twice.
    for (let i = 0; i < this.#unsent; i++) {
      const operation = this.#closed.at(i);
      if (operation?.sequenceId === sequenceId) {
        return confirmSent(operation);
      }
    }
    // Of a message of which only some parts were sent.
    const next = this.#closed.at(this.#unsent);
    return next?.sequenceId === sequenceId && next.chunks !== undefined && confirmSent(next);
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

  clear(): void {
    this.messages.clear();
    this.#closed.clear();
    this.#open = undefined;
    this.rewind();
  }

  #start(chunks: Chunks | undefined): SendOperation {
    this.#open = {
      sequenceId: this.#nextSequenceId,
      count: 0,
      valueBytes: 0,
      metadataBytes: 0,
      confirmed: false,
      chunks,
    };
    return this.#open;
  }

  #advance(operation: SendOperation): void {
    this.#unsent++;
    this.#unsentMessage += operation.count;
  }
}

/** What goes in parts is above the limit of a batch, which must be below that of the broker. */
function chunksOf({ value }: OutgoingMessage, size: number): Chunks {
  return { count: Math.ceil(value.length / size), size, sent: 0, confirmed: 0 };
}

/** Notes a receipt for `operation`, or for one of its parts. @returns false when none was due */
function confirmSent(operation: SendOperation): boolean {
  const { chunks } = operation;
  if (chunks === undefined) {
    operation.confirmed = true;
    return true;
  }
  if (chunks.confirmed === chunks.sent) {
    return false;
  }
  operation.confirmed = ++chunks.confirmed === chunks.count;
  return true;
}

export function operationBytes(operation: SendOperation): number {
  return operation.valueBytes + operation.metadataBytes;
}
