import { ConnectorError } from '../errors';
import type { Producer, ProducerListener } from '../pulsar/transport';
import { abortable } from '../util/abort';
import { deferred } from '../util/deferred';
import { resolvesWithin } from '../util/limited-wait';
import { Ring } from '../util/ring';
import type { DeliveryLaneOptions } from './delivery-lane-options';
import { type DeliveryCounts, noDeliveries } from './delivery-metrics';
import { isSchemaRefusal, pauseLane } from './lane-pause';
import { type DeliveredRecord, LaneRecords } from './lane-records';
import { type WatchedLane, watchLane } from './lane-watch';
import { transportError, worthAnotherTry } from './retry-rule';

/** Milliseconds that a failed producer has to answer its close before its connection is destroyed. */
const CLOSE_MS = 5000;

/**
 * OPENING: a producer is being made. SENDING: it is there. REWINDING: it failed, is closed, and what it left
 * unconfirmed will be sent again. CLOSING: nothing more is sent, what is in flight may still be answered.
 */
type LaneState = 'OPENING' | 'SENDING' | 'REWINDING' | 'CLOSING' | 'CLOSED';

/**
 * The records of one tenure on their way into one topic: pipelined, in order. After a failure the producer is
 * closed at once, so that nothing behind the failed record can be stored first; then sending starts again from
 * the first unconfirmed record (G2).
 */
export class DeliveryLane implements ProducerListener<DeliveredRecord>, WatchedLane {
  readonly #options: DeliveryLaneOptions;
  readonly #ended = new AbortController();
  readonly #loop: Promise<void>;
  #state: LaneState = 'OPENING';
  #producer: Producer<DeliveredRecord> | undefined;
  #failure = deferred<ConnectorError>();
  readonly #records = new LaneRecords();
  /** Failures in a row, without a confirmation in between. */
  #failures = 0;
  /** Why the topic takes no record of this schema, until it is asked again. */
  #refusal: ConnectorError | undefined;
  #counts = noDeliveries();
  /** Records settled before the counts began. */
  #settledBefore = 0;
  #onQuiet: (() => void) | undefined;
  readonly #unwatch: (() => void) | undefined;

  constructor(options: DeliveryLaneOptions) {
    this.#options = options;
    this.#loop = this.#run();
    this.#unwatch = options.watch && watchLane(this, options.watch);
  }

  /** False while the lane has enough to send. */
  get accepts(): boolean {
    return !this.#records.full;
  }

  /** Records sent and not yet confirmed. */
  get inFlight(): number {
    return this.#records.inFlight;
  }

  get awaitsPulsar(): boolean {
    const { inFlight, unsent } = this.#records;
    const unsettled = inFlight > 0 || (this.#state !== 'SENDING' && unsent > 0);
    return unsettled && !this.#stopping && this.#options.mayStillSend();
  }

  get settled(): number {
    return this.#settledBefore + this.#counts.delivered + this.#counts.rejected;
  }

  /** What the lane did since the last call. */
  takeCounts(): DeliveryCounts {
    const counts = this.#counts;
    this.#settledBefore = this.settled;
    this.#counts = noDeliveries();
    return counts;
  }

  offer(record: DeliveredRecord): void {
    if (this.#stopping) {
      return;
    }
    if (this.#refusal !== undefined) {
      this.#counts.rejected++;
      record.fail(this.#refusal);
      return;
    }
    this.#records.add(record);
    this.#pump();
  }

  /**
   * Stops sending, waits until what is in flight is answered or `deadlineMs` has passed, closes the producer.
   * @returns whether everything that may have left was answered. Never rejects.
   */
  async close(deadlineMs: number): Promise<boolean> {
    this.#unwatch?.();
    const { clock } = this.#options;
    const deadline = clock.monotonic() + deadlineMs;
    const before = this.#state;
    const producer = this.#producer;
    this.#state = 'CLOSING';
    this.#records.dropUnsent();
    if (before === 'SENDING') {
      producer?.flush();
      await this.#quiet(deadlineMs);
    }
    const { answered } = this.#records;
    this.#state = 'CLOSED';
    this.#ended.abort(new Error('the lane was closed'));
    await producer?.close(Math.max(0, deadline - clock.monotonic()));
    // A producer that is still being made is closed unused when it comes: nothing can be stored by it.
    if (before !== 'OPENING') {
      await this.#loop;
    }
    this.#takeBack();
    return answered;
  }

  confirmed(record: DeliveredRecord): void {
    this.#failures = 0;
    this.#counts.delivered++;
    record.ack();
    this.#settle(record);
  }

  rejected(record: DeliveredRecord, error: ConnectorError): void {
    this.#counts.rejected++;
    this.#settle(record);
    record.fail(error);
  }

  failed(error: ConnectorError): void {
    this.#failure.resolve(error);
  }

  drained(): void {
    this.#pump();
  }

  get #stopping(): boolean {
    return this.#state === 'CLOSING' || this.#state === 'CLOSED';
  }

  #settle(record: DeliveredRecord): void {
    this.#records.settle(record);
    if (this.#records.inFlight === 0) {
      this.#onQuiet?.();
    }
  }

  #pump(): void {
    const producer = this.#producer;
    if (this.#state !== 'SENDING' || producer === undefined || this.#records.unsent === 0) {
      return;
    }
    // Once for the whole run: it is synchronous and takes far less than the margin of a lease.
    if (!this.#options.mayStillSend()) {
      this.#records.dropUnsent();
      return;
    }
    if (this.#records.sendTo(producer)) {
      this.#options.onRoom();
    }
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const error = await this.#serve();
      // When the lease is gone its consumer closes this lane; until then nothing may be sent.
      if (error === undefined || !this.#options.mayStillSend()) {
        return;
      }
      if (this.#stopping) {
        const { code, message: reason } = error;
        const { logger, topic } = this.#options;
        logger.warn(
          { code, topic, reason },
          'sending failed in the middle of a close, which waits no longer',
        );
        return;
      }
      this.#failures++;
      this.#counts.producerFailures++;
      if (isSchemaRefusal(error)) {
        this.#refuse(error);
      } else if (!worthAnotherTry(error, this.#failures)) {
        this.#options.onFatal(error);
        return;
      }
      this.#state = this.#stopping ? this.#state : 'OPENING';
      await pauseLane(this.#options, error, this.#failures, this.#ended.signal);
      this.#refusal = undefined;
    }
  }

  /** One life of a producer. @returns why it ended; undefined when the lane did. */
  async #serve(): Promise<ConnectorError | undefined> {
    this.#failure = deferred();
    const { transport, topic, schema, chunked, mayStillSend } = this.#options;
    const making = transport.createProducer<DeliveredRecord>({
      topic,
      mayStillSend,
      listener: this,
      ...(schema === undefined ? {} : { schema }),
      ...(chunked === undefined ? {} : { chunked }),
    });
    const producer = await Promise.race([making.catch(transportError), this.#failure.promise]);
    if (producer instanceof ConnectorError) {
      // Given up while it is being made: nothing was sent through it.
      making.then((late) => late.close(CLOSE_MS)).catch(() => undefined);
      return producer;
    }
    if (this.#stopping) {
      await producer.close(CLOSE_MS);
      return undefined;
    }
    this.#producer = producer;
    this.#state = 'SENDING';
    this.#pump();
    const error = await abortable(this.#failure.promise, this.#ended.signal).catch(() => undefined);
    if (error !== undefined) {
      this.#state = this.#state === 'SENDING' ? 'REWINDING' : this.#state;
      await producer.close(CLOSE_MS);
      this.#rewind();
    }
    this.#producer = undefined;
    return error;
  }

  /** The topic does not take the schema: no record can be stored. Those that follow hear it at once. */
  #refuse(error: ConnectorError): void {
    this.#refusal = error;
    const { full } = this.#records;
    for (const record of this.#records.takeUnsent()) {
      this.#counts.rejected++;
      record.fail(error);
    }
    if (full) {
      this.#options.onRoom();
    }
  }

  /** Puts what is unconfirmed back in front of what is unsent. */
  #rewind(): void {
    this.#onQuiet?.();
    if (this.#stopping) {
      return;
    }
    const again = this.#takeBack();
    this.#counts.resent += again.length;
    this.#records.putBack(again);
  }

  /** What a producer left unconfirmed. ATMOST_ONCE counts it as done. */
  #takeBack(): Ring<DeliveredRecord> {
    const unconfirmed = this.#records.takeUnconfirmed();
    if (!this.#options.atMostOnce) {
      return unconfirmed;
    }
    for (const record of unconfirmed) {
      record.ack();
    }
    return new Ring();
  }

  /** Resolves when nothing is in flight, the producer has failed, or `limitMs` has passed. */
  #quiet(limitMs: number): Promise<unknown> {
    if (this.#records.inFlight === 0) {
      return Promise.resolve();
    }
    const quiet = deferred<void>();
    this.#onQuiet = quiet.resolve;
    return resolvesWithin(this.#options.clock, limitMs, quiet.promise);
  }
}
