import type { TimerHandle } from '../../util/clock';
import type { Compressor } from './compression';
import { KeyBatches } from './key-batches';
import { type LargePayload, largePayload, metadataSize, type OutgoingMessage } from './message';
import type { ProducerParts } from './producer-parts';
import type { Registered } from './producer-registration';
import type { ProtocolError } from './protocol-error';
import { ReceiptWatch } from './receipt-watch';
import { type SendFrameHeader, sendFrameBound, writeSendFrame } from './send-frame';
import { operationBytes } from './send-operation';
import { type BatchLimits, SendQueue } from './send-queue';
import type { Sequencing } from './sequencing';

export interface OutboxParts<M extends OutgoingMessage>
  extends Pick<ProducerParts<M>, 'clock' | 'budget' | 'settings' | 'chunked' | 'events' | 'producerId'> {
  readonly sequencing: Sequencing | undefined;
  readonly compressor: Compressor | undefined;
  /** Batches have waited long enough: there may be something to send. */
  readonly ready: () => void;
  /** The oldest message has got no receipt within the send time-out. */
  readonly overdue: () => void;
}

/** The messages of one producer from `send` until they are confirmed: their batches, their bytes, their waiting. */
export class Outbox<M extends OutgoingMessage> {
  readonly #parts: OutboxParts<M>;
  readonly #receiptWatch: ReceiptWatch;
  readonly #unwatchBudget: () => void;
  /** Messages that wait for the end of their batches by key, in front of the queue. */
  readonly #byKey: KeyBatches<M> | undefined;
  #queue: SendQueue<M>;
  #limits: BatchLimits;
  #header: SendFrameHeader;
  #maxMessageSize = 0;
  #lingerTimer: TimerHandle | undefined;

  constructor(parts: OutboxParts<M>) {
    this.#parts = parts;
    const { clock, settings, budget, events, overdue, producerId, sequencing, compressor } = parts;
    this.#limits = settings.batch;
    this.#header = {
      producerId,
      producerName: '',
      schemaVersion: undefined,
      compressor,
      sequenced: sequencing !== undefined,
      keyBased: settings.batchBuilder === 'KEY_BASED',
    };
    this.#byKey = settings.batchBuilder === 'KEY_BASED' ? new KeyBatches<M>() : undefined;
    this.#queue = new SendQueue<M>(this.#limits, 0);
    this.#receiptWatch = new ReceiptWatch(clock, settings.sendTimeout, overdue);
    this.#unwatchBudget = budget.watch(() => events.drained());
  }

  /** Whether everything is confirmed. */
  get empty(): boolean {
    return this.#queue.messages.length === 0 && this.#held === 0;
  }

  /** Messages unconfirmed. */
  get length(): number {
    return this.#queue.messages.length + this.#held;
  }

  /** Largest payload the broker takes, bytes. */
  get maxMessageSize(): number {
    return this.#maxMessageSize;
  }

  /** The broker has accepted the producer for the first time: before the first message, and before `resume`. */
  begin({ connection, lastSequenceId }: Registered): void {
    const { maxMessages, maxBytes } = this.#parts.settings.batch;
    this.#maxMessageSize = connection.maxMessageSize;
    // Text that is not ASCII takes up to three times what `metadataSize` says.
    this.#limits = { maxMessages, maxBytes: Math.min(maxBytes, Math.floor(this.#maxMessageSize / 3)) };
    // A broker with deduplication drops, without an error, what has an id it has seen under this name.
    this.#queue = new SendQueue<M>(this.#limits, lastSequenceId + 1);
  }

  /**
   * Everything unconfirmed is to be sent again: with the same ids in the same cut, so that a topic that deduplicates
   * knows it again; cut anew when messages bring their ids, by what the broker has told (see Sequencing).
   */
  resume({ producerName, schemaVersion }: Registered): void {
    this.#header = { ...this.#header, producerName, schemaVersion };
    if (this.#parts.sequencing === undefined) {
      this.#queue.rewind();
      return;
    }
    const before = this.#queue;
    this.#queue = new SendQueue<M>(this.#limits, 0);
    for (const [message, large] of before.unconfirmed()) {
      this.#append(message, metadataSize(message), large, message.recordSequence);
    }
    this.#queue.closeBatch();
  }

  /**
   * @param sequenceId The message's own, when it brings one.
   * @throws ProtocolError too-large, when the broker can never store it.
   */
  put(message: M, sequenceId: number | undefined): void {
    const metadataBytes = metadataSize(message);
    const bytes = message.value.length + metadataBytes;
    const inBatch = bytes <= this.#limits.maxBytes;
    const large = inBatch
      ? undefined
      : largePayload(message, this.#maxMessageSize, this.#header, this.#parts.chunked);
    if (this.empty) {
      this.#receiptWatch.progress(true);
    }
    if (this.#byKey !== undefined && inBatch) {
      this.#hold(message, bytes, this.#byKey);
    } else {
      this.#closeKeyed();
      this.#append(message, metadataBytes, large, sequenceId);
    }
    this.#parts.budget.take(bytes);
    if (this.#queue.lingering || this.#held > 0) {
      this.#lingerTimer ??= this.#parts.clock.setTimer(this.#lingered, this.#parts.settings.lingerMs);
    }
  }

  /** Ends the open batches, so that they can be sent. */
  flush(): void {
    this.#closeKeyed();
    this.#queue.closeBatch();
  }

  /** Whether something is to be sent. */
  get ready(): boolean {
    return this.#queue.peek() !== undefined;
  }

  /** Upper bound of the next frame's bytes; 0 when nothing is to be sent. */
  get nextFrameBytes(): number {
    const operation = this.#queue.peek();
    return operation === undefined ? 0 : sendFrameBound(this.#header, operation);
  }

  /** Writes that frame at `offset`. @returns the offset behind it */
  writeFrame(buffer: Buffer, offset: number): number {
    const operation = this.#queue.peek();
    if (operation === undefined) {
      return offset;
    }
    const { messages, firstUnsent } = this.#queue;
    const now = this.#parts.clock.now();
    if (operation.chunks?.sent === 0) {
      operation.chunks.begunAt = now;
    }
    const end = writeSendFrame(buffer, offset, this.#header, operation, messages, firstUnsent, now);
    this.#queue.sent();
    return end;
  }

  /**
   * A receipt has come: hands out what is confirmed.
   * @returns ALONE when a message that was sent alone is; sequence-clash when it cannot be believed, then nothing is.
   */
  receipt(sequenceId: number, duplicate: boolean): 'ALONE' | ProtocolError | undefined {
    const queue = this.#queue;
    const oldest = queue.oldest ?? sequenceId;
    const operation = queue.confirm(sequenceId, duplicate);
    if (operation === undefined) {
      return undefined;
    }
    const { sequencing, events, budget } = this.#parts;
    const clash = sequencing?.answered(operation, duplicate, oldest);
    if (clash !== undefined) {
      return clash;
    }
    for (let done = queue.shiftConfirmed(); done; done = queue.shiftConfirmed()) {
      const known = sequencing !== undefined && done.duplicate;
      for (let i = 0; i < done.count; i++) {
        events.confirmed(queue.messages.shift() as M, known);
      }
      budget.release(done.count, operationBytes(done));
    }
    // A receipt behind one that stays out is no progress; that of a chunk is.
    if (oldest === sequenceId) {
      this.#receiptWatch.progress(!this.empty);
    }
    return operation.alone && operation.confirmed ? 'ALONE' : undefined;
  }

  /** Drops everything. */
  end(): void {
    this.#receiptWatch.stop();
    if (this.#lingerTimer !== undefined) {
      this.#parts.clock.clearTimer(this.#lingerTimer);
    }
    this.#unwatchBudget();
    const { messages, bytes } = this.#queue.totals();
    const held = this.#held;
    const heldBytes = this.#byKey?.bytes ?? 0;
    this.#queue.clear();
    this.#byKey?.take();
    this.#parts.budget.release(messages + held, bytes + heldBytes);
  }

  /** Messages in open batches by key. */
  get #held(): number {
    return this.#byKey === undefined ? 0 : this.#byKey.count;
  }

  #append(message: M, metadataBytes: number, large: LargePayload | undefined, sequenceId?: number): void {
    const alone =
      sequenceId !== undefined &&
      this.#parts.sequencing?.alone(sequenceId, this.#queue.messages.length === 0);
    this.#queue.append(message, metadataBytes, large, sequenceId, alone);
  }

  #hold(message: M, bytes: number, byKey: KeyBatches<M>): void {
    if (byKey.bytes + bytes > this.#limits.maxBytes) {
      this.#closeKeyed();
    }
    byKey.add(message, bytes);
    if (byKey.count >= this.#limits.maxMessages || byKey.bytes >= this.#limits.maxBytes) {
      this.#closeKeyed();
    }
  }

  #closeKeyed(): void {
    if (this.#held === 0) {
      return;
    }
    for (const batch of this.#byKey?.take() ?? []) {
      for (const message of batch) {
        this.#queue.append(message, metadataSize(message));
      }
      this.#queue.closeBatch();
    }
  }

  readonly #lingered = (): void => {
    this.#lingerTimer = undefined;
    this.flush();
    this.#parts.ready();
  };
}
