import { resolvesWithin } from '../../util/limited-wait';
import type { TrackedEntry } from './acknowledgement-tracker';
import { Acknowledger } from './acknowledger';
import type { SchemaData } from './command';
import type { Connection } from './connection';
import { ConsumerCommands } from './consumer-commands';
import type { ConsumerParts } from './consumer-parts';
import { ConsumerRequests } from './consumer-requests';
import { decompressionReady } from './decompression';
import type { Delivery } from './delivery';
import type { ConsumerEndpoint } from './endpoint';
import { Inbox } from './inbox';
import { asProtocolError, ProtocolError } from './protocol-error';
import type { ReceivedMessage } from './received-message';
import { Receiver } from './receiver';
import { SubscriptionRegistration } from './subscription-registration';

/** CONNECTING and OPEN alternate; ENDED will have no place any more, CLOSED has none and forgets what it held. */
type State = 'CONNECTING' | 'OPEN' | 'ENDED' | 'CLOSED';

/**
 * A consumer of one subscription, which comes back after anything that heals. A message in the hands of its caller is
 * not handed out again, nor is one whose acknowledgement the broker may have missed.
 */
export class Consumer implements ConsumerEndpoint {
  readonly #parts: ConsumerParts;
  readonly #registration: SubscriptionRegistration;
  readonly #requests: ConsumerRequests;
  readonly #commands: ConsumerCommands;
  readonly #acknowledger: Acknowledger<TrackedEntry>;
  readonly #inbox: Inbox;
  readonly #receiver = new Receiver((max) => this.#take(max));
  #state: State = 'CONNECTING';
  #paused = false;
  /** Places in a row at which acknowledgements failed. */
  #failures = 0;

  private constructor(parts: ConsumerParts) {
    const { consumerId, subscriptionType, settings } = parts;
    const shared = subscriptionType === 'Shared' || subscriptionType === 'Key_Shared';
    this.#parts = parts;
    this.#registration = new SubscriptionRegistration(parts);
    this.#requests = new ConsumerRequests(parts, this.#registration.signal);
    this.#commands = new ConsumerCommands(parts, this.#registration);
    this.#acknowledger = new Acknowledger({
      clock: parts.clock,
      consumerId,
      grouping: settings.grouping,
      ...(shared ? {} : { askPosition: () => this.#requests.markDeletePosition() }),
      answered: (entry) => {
        this.#failures = 0;
        this.#inbox.answered(entry);
      },
      failed: (error) => this.#leave(error),
    });
    this.#inbox = new Inbox({
      ...settings,
      clock: parts.clock,
      topic: parts.topic,
      shared,
      complete: (entry) => this.#acknowledger.add(entry),
      partly: (entry) => this.#acknowledger.addPart(entry),
      skipped: (chunks, reason) => this.#commands.skipped(chunks, reason),
      redeliver: (entries) => {
        // Another consumer must not get the parts of batches that are done.
        this.#acknowledger.flushParts();
        this.#commands.redeliver(entries);
      },
      rewind: () => this.#commands.redeliver([]),
      arrived: () => this.#wake(),
    });
  }

  /** A consumer that the broker has accepted. @throws ProtocolError */
  static async open(parts: ConsumerParts): Promise<Consumer> {
    await decompressionReady();
    const consumer = new Consumer(parts);
    const limit = parts.clock.monotonic() + parts.settings.operationTimeout;
    consumer.#opened(await consumer.#registration.register(consumer, limit));
    return consumer;
  }

  /** Full name. */
  get topic(): string {
    return this.#parts.topic;
  }

  /**
   * The next messages, in order, at least one and at most `max`. One call at a time.
   * @throws ProtocolError closed, or what ended the consumer.
   */
  receive(max: number): Promise<ReceivedMessage[]> {
    return this.#receiver.receive(max);
  }

  /** What `receive` would give now; nothing when it would wait. @throws ProtocolError what ended the consumer. */
  poll(max: number): ReceivedMessage[] {
    return this.#take(max);
  }

  /** Settles `message`: it never comes again. An entry is acknowledged when all its messages are. */
  acknowledge(message: ReceivedMessage): void {
    if (this.#settles(message)) {
      this.#inbox.acknowledge(message);
    }
  }

  /** Settles `message`: it comes again after a while. */
  negativeAcknowledge(message: ReceivedMessage): void {
    if (this.#settles(message)) {
      this.#inbox.refuse(message);
    }
  }

  /** Resolves once all that is in the topic at this call is acknowledged. @throws ProtocolError when closed before. */
  whenCaughtUp(): Promise<void> {
    return this.#requests.whenCaughtUp();
  }

  /** The schema of that version; undefined when the broker has none. @throws ProtocolError */
  schema(version: Uint8Array): Promise<SchemaData | undefined> {
    return this.#requests.schema(version);
  }

  /** Hands out no more than the rest of an entry that it has begun; what was handed out may still be settled. */
  pause(): void {
    this.#paused = true;
    this.#receiver.end();
  }

  /**
   * Ends the consumer; what is acknowledged is told to the broker first. Never rejects.
   * @returns false when the broker did not answer within `deadlineMs`.
   */
  async close(deadlineMs: number, unsubscribe = false): Promise<boolean> {
    const { clock, closed } = this.#parts;
    const start = clock.monotonic();
    this.#paused = true;
    const told = this.#settleAll(unsubscribe).catch(() => false);
    const inTime = await resolvesWithin(clock, deadlineMs, told);
    if (this.#state !== 'CLOSED') {
      this.#finish('CLOSED', new ProtocolError('closed', 'the consumer was closed'));
    }
    const left = Math.max(0, deadlineMs - (clock.monotonic() - start));
    const released = await resolvesWithin(clock, left, this.#registration.release());
    closed();
    return inTime && released && (await told);
  }

  delivered(delivery: Delivery, payload: Buffer): void {
    if (this.#state !== 'OPEN') {
      // Nothing was asked for here yet: it is late, from the place before, and comes again in its order.
      return;
    }
    this.#inbox.delivered(delivery, payload);
    this.#grant();
    this.#wake();
  }

  activeChanged(active: boolean): void {
    if (active) {
      this.#inbox.activated();
      this.#grant();
    } else {
      this.#inbox.deactivated();
    }
  }

  migrated(serviceUrl: string): void {
    this.#parts.lookup.migrated(this.topic, serviceUrl);
  }

  closedByBroker(): void {
    this.connectionLost(new ProtocolError('unavailable', 'the broker has closed the consumer'));
  }

  connectionLost(error: ProtocolError): void {
    this.#registration.lost();
    if (this.#state !== 'OPEN') {
      return;
    }
    this.#state = 'CONNECTING';
    this.#requests.lost();
    this.#acknowledger.lost();
    this.#inbox.lost();
    const { topic, subscription, logger } = this.#parts;
    logger.warn({ topic, subscription, reason: error.message }, 'lost the broker: connecting again');
    this.#registration.register(this, undefined, this.#failures).then(
      (connection) => this.#opened(connection),
      (cause) => this.#fail(asProtocolError(cause, 'unknown')),
    );
  }

  #opened(connection: Connection): void {
    if (this.#state !== 'CONNECTING') {
      return;
    }
    this.#state = 'OPEN';
    if (this.#registration.connection !== connection) {
      this.closedByBroker();
      return;
    }
    // Before permits: what is acknowledged the broker must not send again.
    this.#acknowledger.placed(connection);
    this.#requests.placed(connection);
    this.#grant();
  }

  /** The place is no good: takes another one. */
  #leave(error: ProtocolError): void {
    if (this.#state === 'OPEN') {
      this.#failures++;
      this.#registration.leave();
      this.connectionLost(error);
    }
  }

  #fail(error: ProtocolError): void {
    if (this.#state === 'CONNECTING') {
      this.#requests.ended(error);
      this.#finish('ENDED', error);
    }
  }

  #finish(state: 'ENDED' | 'CLOSED', error: ProtocolError): void {
    this.#state = state;
    this.#acknowledger.lost();
    this.#inbox.clear();
    this.#inbox.end(error);
    this.#receiver.hand();
    this.#parts.ready?.();
  }

  /** @returns false when the broker cannot be told any more. */
  async #settleAll(unsubscribe: boolean): Promise<boolean> {
    if (this.#state === 'ENDED' || this.#state === 'CLOSED') {
      return this.#acknowledger.pending === 0 && !unsubscribe;
    }
    if (this.#acknowledger.pending > 0) {
      await this.#acknowledger.whenIdle();
    }
    if (unsubscribe) {
      await this.#requests.unsubscribe();
    }
    return true;
  }

  #settles(message: ReceivedMessage): boolean {
    const first = !message.settled && this.#state !== 'CLOSED' && this.#inbox.owns(message);
    message.settled = true;
    return first;
  }

  #wake(): void {
    this.#receiver.wake();
    this.#parts.ready?.();
  }

  #grant(): void {
    const messagePermits = this.#state === 'OPEN' && !this.#paused ? this.#inbox.grant() : 0;
    if (messagePermits > 0) {
      this.#commands.flow(messagePermits);
    }
  }

  #take(max: number): ReceivedMessage[] {
    if (this.#paused && (this.#state === 'OPEN' || this.#state === 'CONNECTING')) {
      return this.#inbox.rest(max);
    }
    const messages = this.#inbox.take(max);
    this.#grant();
    return messages;
  }
}
