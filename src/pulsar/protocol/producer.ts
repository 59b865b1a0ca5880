import { type Compressor, compressorOf } from './compression';
import type { ProducerEndpoint } from './endpoint';
import type { FrameSource } from './frame-writer';
import type { OutgoingMessage } from './message';
import { Outbox } from './outbox';
import type { ProducerParts } from './producer-parts';
import { ProducerRegistration, type Registered } from './producer-registration';
import { asProtocolError, ProtocolError } from './protocol-error';
import { Sequencing } from './sequencing';

/**
 * CONNECTING and OPEN alternate; FAILING has an error that nobody has heard of yet; CLOSING sends nothing, but receipts
 * still count; the others are for good.
 */
type State = 'CONNECTING' | 'OPEN' | 'FAILING' | 'CLOSING' | 'CLOSED' | 'FAILED';

/**
 * A producer that keeps order through anything: what is unconfirmed when a connection is lost is sent again with
 * the same ids and in the same batches, or as Sequencing says when messages bring their ids. A send that the broker
 * refuses ends it, a damaged one too: sent again under its id behind those that followed it, a topic with deduplication
 * would drop it and call that a success.
 */
export class Producer<M extends OutgoingMessage> implements ProducerEndpoint, FrameSource {
  readonly #parts: ProducerParts<M>;
  readonly #registration: ProducerRegistration;
  readonly #sequencing: Sequencing | undefined;
  readonly #outbox: Outbox<M>;
  #state: State = 'CONNECTING';
  /** Messages that cannot be sent, of which nobody has heard yet: nothing behind them may leave before that. */
  #refused = 0;
  /** Why it has failed. */
  #error: ProtocolError | undefined;

  private constructor(parts: ProducerParts<M>, compressor: Compressor | undefined) {
    const { sendTimeout } = parts.settings;
    this.#parts = parts;
    this.#registration = new ProducerRegistration(parts);
    this.#sequencing = parts.sequenced && new Sequencing(parts.sequenced);
    this.#outbox = new Outbox<M>({
      ...parts,
      sequencing: this.#sequencing,
      compressor,
      ready: () => this.#wake(),
      overdue: () =>
        this.#fail(new ProtocolError('send-timeout', `no receipt from the broker for ${sendTimeout} ms`)),
    });
  }

  /** A producer that the broker has accepted. @throws ProtocolError */
  static async open<M extends OutgoingMessage>(parts: ProducerParts<M>): Promise<Producer<M>> {
    const { sequenced, settings, clock } = parts;
    if (sequenced !== undefined && settings.batchBuilder === 'KEY_BASED') {
      throw new ProtocolError('unsupported', 'batches by key would mix up the order of sequence ids');
    }
    const producer = new Producer(parts, await compressorOf(settings.compression));
    try {
      const limit = clock.monotonic() + settings.operationTimeout;
      const place = await producer.#registration.register(producer, limit);
      producer.#outbox.begin(place);
      producer.#accepted(place);
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
    return this.#outbox.maxMessageSize;
  }

  /** Highest id that the broker has told of; −1: none, or messages do not bring their ids. */
  get toldId(): number {
    return this.#sequencing?.told ?? -1;
  }

  get #alive(): boolean {
    return this.#state === 'CONNECTING' || this.#state === 'OPEN';
  }

  /** Queues `message`. A producer that has ended ignores it. */
  send(message: M): void {
    if (!this.#alive) {
      return;
    }
    try {
      this.#outbox.put(message, this.#sequencing?.next(message));
    } catch (thrown) {
      this.#refuse(message, asProtocolError(thrown, 'unknown'));
      return;
    }
    this.#wake();
  }

  /** Ends it at once for a reason of its owner's, who hears of that like of any other. */
  fail(error: ProtocolError): void {
    this.#fail(error);
  }

  /** Sends the open batch now. */
  flush(): void {
    this.#outbox.flush();
    this.#wake();
  }

  /**
   * Sends nothing any more; receipts still count until the broker has answered, or its connection was destroyed
   * at `deadlineMs` from now. From then on nothing more can be stored. Never rejects. What it leaves unconfirmed is for
   * another producer of the name in this client; when `failed` was called with sequence-clash by then, for no other.
   */
  async close(deadlineMs: number): Promise<void> {
    if (this.#alive || this.#state === 'FAILING') {
      this.#state = 'CLOSING';
    }
    await this.#registration.release(deadlineMs);
    if (this.#state === 'CLOSING') {
      this.#finish('CLOSED');
    }
    const doubt = this.#sequencing?.doubt;
    if (doubt !== undefined && this.#error?.kind !== 'sequence-clash') {
      this.#parts.events.failed(doubt);
    }
    this.#parts.closed();
  }

  nextFrameBytes(): number {
    const bytes = this.#state === 'OPEN' && this.#refused === 0 ? this.#outbox.nextFrameBytes : 0;
    if (bytes > 0 && !this.#parts.mayStillSend()) {
      this.#fail(new ProtocolError('revoked', 'the sender may not send to this topic any more'));
      return 0;
    }
    return bytes;
  }

  writeFrame(buffer: Buffer, offset: number): number {
    return this.#outbox.writeFrame(buffer, offset);
  }

  receipt(sequenceId: number, duplicate: boolean): void {
    if (this.#state === 'FAILED' || this.#state === 'CLOSED') {
      return;
    }
    const outcome = this.#outbox.receipt(sequenceId, duplicate);
    if (!(outcome instanceof ProtocolError)) {
      if (outcome === 'ALONE' && this.#state === 'OPEN') {
        this.#sequencing?.unproven ? this.#registerAnew() : this.#wake();
      }
    } else if (this.#state === 'CLOSING') {
      // What is unconfirmed stays so.
      this.#finish('FAILED');
    } else {
      this.#fail(outcome);
    }
  }

  sendError(error: ProtocolError, sequenceId: number): void {
    // Behind a write that failed nothing of this producer is stored: see Sequencing.
    const passedOver = this.#error?.kind !== 'persistence' && this.#sequencing?.refused(sequenceId, error);
    if (this.#state !== 'OPEN') {
      return;
    }
    if (passedOver) {
      this.#registerAnew();
    } else if (error.kind === 'topic-terminated') {
      // The same is said of a topic that moves to another cluster: only a new registration tells (4.0.8).
      this.#fail(new ProtocolError('persistence', error.message, error));
    } else {
      this.#fail(error);
    }
  }

  migrated(serviceUrl: string): void {
    this.#parts.lookup.migrated(this.topic, serviceUrl);
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
    const fields = { topic: this.topic, reason: error.message, unconfirmed: this.#outbox.length };
    this.#parts.logger.warn(fields, 'lost the broker: connecting again');
    this.#await(this.#registration.register(this));
  }

  /** `message` cannot be sent; told later, because nobody hears of anything from inside `send`. */
  #refuse(message: M, error: ProtocolError): void {
    if (error.kind === 'sequence-clash') {
      this.#state = 'FAILING';
      queueMicrotask(() => this.#fail(error));
    } else {
      this.#refused++;
      queueMicrotask(() => {
        this.#refused--;
        if (this.#alive) {
          this.#parts.events.rejected(message, error);
          this.#wake();
        }
      });
    }
  }

  /** Gives the place at the broker up and takes it again, to be told what the broker remembers. */
  #registerAnew(): void {
    this.#registration.connection?.withdraw(this);
    this.#await(this.#registration.leave().then(() => this.#registration.register(this)));
  }

  #await(place: Promise<Registered>): void {
    this.#state = 'CONNECTING';
    place.then(
      (accepted) => this.#accepted(accepted),
      (cause) => this.#fail(asProtocolError(cause, 'unknown')),
    );
  }

  #accepted(place: Registered): void {
    const { connection, lastSequenceId } = place;
    if (this.#state !== 'CONNECTING') {
      return;
    }
    const memory = this.#sequencing?.registered(lastSequenceId);
    if (memory instanceof ProtocolError) {
      this.#fail(memory);
      return;
    }
    if (connection.maxMessageSize < this.maxMessageSize) {
      this.#fail(new ProtocolError('persistence', 'the broker takes smaller messages than before'));
      return;
    }
    this.#outbox.resume(place);
    this.#state = 'OPEN';
    if (this.#registration.connection === connection) {
      this.#wake();
    } else {
      this.closedByBroker();
    }
    if (memory === 'FORGOTTEN') {
      this.#parts.events.forgotten?.(lastSequenceId);
    }
  }

  #fail(error: ProtocolError): void {
    if (this.#alive || this.#state === 'FAILING') {
      this.#error = error;
      this.#finish('FAILED');
      this.#registration.release();
      this.#parts.events.failed(error);
    }
  }

  #finish(state: 'CLOSED' | 'FAILED'): void {
    this.#state = state;
    this.#outbox.end();
  }

  #wake(): void {
    if (this.#state === 'OPEN' && this.#outbox.ready) {
      this.#registration.connection?.wake(this);
    }
  }
}
