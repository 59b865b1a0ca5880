import type { TimerHandle } from '../../util/clock';
import type { Connection } from './connection';
import type { ProducerEndpoint } from './endpoint';
import type { FrameSource } from './frame-writer';
import { chunkSize, metadataSize, type OutgoingMessage, sizeError } from './message';
import type { ProducerParts } from './producer-parts';
import { ProducerRegistration, type Registered } from './producer-registration';
import { asProtocolError, ProtocolError } from './protocol-error';
import { ReceiptWatch } from './receipt-watch';
import { type SendFrameHeader, sendFrameBound, writeSendFrame } from './send-frame';
import { operationBytes, SendQueue } from './send-queue';

/** CONNECTING and OPEN alternate; CLOSING sends nothing, but receipts still count; the others are for good. */
type State = 'CONNECTING' | 'OPEN' | 'CLOSING' | 'CLOSED' | 'FAILED';

/**
 * A producer that keeps order through anything: what is unconfirmed when a connection is lost is sent again with
 * the same ids and in the same batches. A send that the broker refuses ends it, a damaged one too: sent again under
 * its id behind those that followed it, a topic with deduplication would drop it and call that a success.
 */
export class Producer<M extends OutgoingMessage> implements ProducerEndpoint, FrameSource {
  readonly #parts: ProducerParts<M>;
  readonly #registration: ProducerRegistration;
  readonly #receiptWatch: ReceiptWatch;
  readonly #unwatchBudget: () => void;
  #queue: SendQueue<M>;
  #state: State = 'CONNECTING';
  #header: SendFrameHeader;
  #maxMessageSize = 0;
  #lingerTimer: TimerHandle | undefined;

  private constructor(parts: ProducerParts<M>, registration: ProducerRegistration) {
    this.#parts = parts;
    this.#registration = registration;
    this.#header = { producerId: parts.producerId, producerName: '', schemaVersion: undefined };
    this.#queue = new SendQueue<M>(parts.settings.batch, 0);
    const { sendTimeout } = parts.settings;
    this.#receiptWatch = new ReceiptWatch(parts.clock, sendTimeout, () =>
      this.#fail(new ProtocolError('send-timeout', `no receipt from the broker for ${sendTimeout} ms`)),
    );
    this.#unwatchBudget = parts.budget.watch(() => parts.events.drained());
  }

  /** A producer that the broker has accepted. @throws ProtocolError */
  static async open<M extends OutgoingMessage>(parts: ProducerParts<M>): Promise<Producer<M>> {
    const registration = new ProducerRegistration(parts);
    const producer = new Producer(parts, registration);
    try {
      const limit = parts.clock.monotonic() + parts.settings.operationTimeout;
      producer.#begin(await registration.register(producer, limit));
      return producer;
    } catch (error) {
      producer.#finish('CLOSED');
      throw error;
    }
  }

  get topic(): string {
    return this.#parts.topic;
  }

  /** The topic is none of several. */
  readonly partitions = 0;

  get writable(): boolean {
    return !this.#parts.budget.full;
  }

  /** Largest payload the broker takes, bytes. */
  get maxMessageSize(): number {
    return this.#maxMessageSize;
  }

  get #alive(): boolean {
    return this.#state === 'CONNECTING' || this.#state === 'OPEN';
  }

  /** Queues `message`. A producer that has ended ignores it. */
  send(message: M): void {
    if (!this.#alive) {
      return;
    }
    const metadataBytes = metadataSize(message);
    const whole = message.value.length + metadataBytes <= this.#queue.maxBytes;
    const error = whole ? undefined : sizeError(message, this.#maxMessageSize);
    const part = error === undefined ? undefined : this.#chunkSize(message);
    if (error !== undefined && part === undefined) {
      queueMicrotask(() => this.#alive && this.#parts.events.rejected(message, error));
      return;
    }
    if (this.#queue.messages.length === 0) {
      this.#receiptWatch.progress(true);
    }
    this.#queue.append(message, metadataBytes, part);
    this.#parts.budget.take(message.value.length + metadataBytes);
    if (this.#queue.lingering) {
      this.#lingerTimer ??= this.#parts.clock.setTimer(this.#lingered, this.#parts.settings.lingerMs);
    }
    this.#wake();
  }

  /** Sends the open batch now. */
  flush(): void {
    this.#queue.closeBatch();
    this.#wake();
  }

  /**
   * Sends nothing any more; receipts still count until the broker has answered, or its connection was destroyed
   * at `deadlineMs` from now. From then on nothing more can be stored. Never rejects.
   */
  async close(deadlineMs: number): Promise<void> {
    if (this.#alive) {
      this.#state = 'CLOSING';
    }
    await this.#registration.release(deadlineMs);
    if (this.#state === 'CLOSING') {
      this.#finish('CLOSED');
    }
    this.#parts.closed();
  }

  nextFrameBytes(): number {
    const operation = this.#state === 'OPEN' ? this.#queue.peek() : undefined;
    if (operation === undefined) {
      return 0;
    }
    if (!this.#parts.mayStillSend()) {
      this.#fail(new ProtocolError('revoked', 'the sender may not send to this topic any more'));
      return 0;
    }
    return sendFrameBound(this.#header, operation);
  }

  writeFrame(buffer: Buffer, offset: number): number {
    const operation = this.#queue.peek();
    if (operation === undefined) {
      return offset;
    }
    const { messages, firstUnsent } = this.#queue;
    const now = this.#parts.clock.now();
    const end = writeSendFrame(buffer, offset, this.#header, operation, messages, firstUnsent, now);
    this.#queue.sent();
    return end;
  }

  receipt(sequenceId: number): void {
    // A receipt behind one that stays out is none; that of a chunk is one.
    const isOldest = this.#queue.oldest === sequenceId;
    if (this.#state === 'FAILED' || !this.#queue.confirm(sequenceId)) {
      return;
    }
    for (let operation = this.#queue.shiftConfirmed(); operation; operation = this.#queue.shiftConfirmed()) {
      for (let i = 0; i < operation.count; i++) {
        this.#parts.events.confirmed(this.#queue.messages.shift() as M);
      }
      this.#parts.budget.release(operation.count, operationBytes(operation));
    }
    if (isOldest) {
      this.#receiptWatch.progress(this.#queue.messages.length > 0);
    }
  }

  sendError(error: ProtocolError): void {
    if (this.#state === 'OPEN') {
      this.#fail(error);
    }
  }

  closedByBroker(): void {
    this.connectionLost(new ProtocolError('unavailable', 'the broker has closed the producer'));
  }

  connectionLost(error: ProtocolError): void {
    // One that was stalled would ask again, and get what is meant for its successor.
    this.#registration.connection?.withdraw(this);
    this.#registration.lost();
    if (this.#state !== 'OPEN') {
      return;
    }
    this.#state = 'CONNECTING';
    const fields = { topic: this.topic, reason: error.message, unconfirmed: this.#queue.messages.length };
    this.#parts.logger.warn(fields, 'lost the broker: connecting again');
    this.#registration.register(this).then(
      (registered) => this.#resume(registered),
      (cause) => this.#fail(asProtocolError(cause, 'unknown')),
    );
  }

  #chunkSize(message: M): number | undefined {
    return this.#parts.chunked ? chunkSize(message, this.#maxMessageSize, this.#header) : undefined;
  }

  #begin({ connection, producerName, lastSequenceId, schemaVersion }: Registered): void {
    const { maxMessages, maxBytes } = this.#parts.settings.batch;
    // Text that is not ASCII takes up to three times what `metadataSize` says.
    const safeBytes = Math.min(maxBytes, Math.floor(connection.maxMessageSize / 3));
    // A broker with deduplication drops, without an error, what has an id it has seen under this name.
    this.#queue = new SendQueue<M>({ maxMessages, maxBytes: safeBytes }, lastSequenceId + 1);
    this.#header = { producerId: this.#parts.producerId, producerName, schemaVersion };
    this.#maxMessageSize = connection.maxMessageSize;
    this.#opened(connection);
  }

  #resume({ connection, schemaVersion }: Registered): void {
    if (this.#state !== 'CONNECTING') {
      return;
    }
    if (connection.maxMessageSize < this.#maxMessageSize) {
      this.#fail(new ProtocolError('persistence', 'the broker takes smaller messages than before'));
      return;
    }
    this.#header = { ...this.#header, schemaVersion };
    this.#queue.rewind();
    this.#opened(connection);
  }

  #opened(connection: Connection): void {
    this.#state = 'OPEN';
    if (this.#registration.connection === connection) {
      this.#wake();
    } else {
      this.closedByBroker();
    }
  }

  #fail(error: ProtocolError): void {
    if (this.#alive) {
      this.#finish('FAILED');
      this.#registration.release();
      this.#parts.events.failed(error);
    }
  }

  #finish(state: 'CLOSED' | 'FAILED'): void {
    this.#state = state;
    this.#receiptWatch.stop();
    if (this.#lingerTimer !== undefined) {
      this.#parts.clock.clearTimer(this.#lingerTimer);
    }
    this.#unwatchBudget();
    const { messages, bytes } = this.#queue.totals();
    this.#queue.clear();
    this.#parts.budget.release(messages, bytes);
  }

  #wake(): void {
    if (this.#state === 'OPEN' && this.#queue.peek() !== undefined) {
      this.#registration.connection?.wake(this);
    }
  }

  readonly #lingered = (): void => {
    this.#lingerTimer = undefined;
    this.flush();
  };
}
