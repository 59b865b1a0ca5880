import { ConnectorError } from '../errors';
import type { Producer, ProducerListener } from '../pulsar/transport';
import { abortable } from '../util/abort';
import { deferred } from '../util/deferred';
import { resolvesWithin } from '../util/limited-wait';
import type { DeliveryLaneOptions } from './delivery-lane-options';
import { type DeliveryCounts, noDeliveries } from './delivery-metrics';
import { isSchemaRefusal, pauseLane } from './lane-pause';
import { CLOSE_MS, makeProducer } from './lane-producer';
import { type DeliveredRecord, LaneRecords } from './lane-records';
import { type WatchedLane, watchLane } from './lane-watch';
import { transportError, worthAnotherTry } from './retry-rule';

/**
 * OPENING: a producer is being made. SENDING: it is there. SPREADING: nothing more is sent until all is confirmed,
 * because the topic has other partitions now. REWINDING: it failed, is closed, and what it left unconfirmed will be
 * sent again. CLOSING: nothing more is sent, what is in flight may still be answered.
 */
type LaneState = 'OPENING' | 'SENDING' | 'SPREADING' | 'REWINDING' | 'CLOSING' | 'CLOSED';

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
  /** That the broker may have taken numbers for others; until another producer was told by it that it has not. */
  #clash: ConnectorError | undefined;
  /** Partitions that the topic has grown to. */
  #growth = deferred<number>();
  readonly #records = new LaneRecords();
  /** Failures in a row, without a confirmation in between. */
  #failures = 0;
  /** Why the topic takes no record of this schema, until it is asked again. */
  #refusal: ConnectorError | undefined;
  /** Number of the record that was refused last for that; −1: none. */
  #lastRefused = -1;
  #counts = noDeliveries();
  /** Records settled before the counts began. */
  #settledBefore = 0;
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
      this.#failRefused(record, this.#refusal);
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
    if (before === 'SENDING' || before === 'SPREADING') {
      producer?.flush();
      await resolvesWithin(clock, deadlineMs, this.#records.quiet());
    }
    const { answered } = this.#records;
    this.#state = 'CLOSED';
    this.#ended.abort(new Error('the lane was closed'));
    await producer?.close(Math.max(0, deadline - clock.monotonic()));
    // A producer that is still being made is closed unused when it comes: nothing can be stored by it.
    if (before !== 'OPENING') {
      await this.#loop;
    }
    if (this.#options.atMostOnce) {
      this.#records.ackUnconfirmed();
    }
    if (this.#clash !== undefined) {
      await this.#abandon(this.#clash);
    }
    return answered;
  }

  confirmed(record: DeliveredRecord, duplicate = false): void {
    this.#failures = 0;
    this.#counts.delivered++;
    this.#counts.duplicates += duplicate ? 1 : 0;
    record.ack();
    this.#records.settle(record);
  }

  rejected(record: DeliveredRecord, error: ConnectorError): void {
    this.#counts.rejected++;
    this.#records.settle(record);
    record.fail(error);
  }

  failed(error: ConnectorError): void {
    if (error.code === 'SEQUENCE_ID_CLASH') {
      this.#clash = error;
    }
    this.#failure.resolve(error);
  }

  drained(): void {
    this.#pump();
  }

  forgotten(lastId: number): void {
    this.#counts.forgotten++;
    const { logger, topic } = this.#options;
    logger.warn(
      { code: 'DEDUPLICATION_FORGOTTEN', topic, lastId },
      'the topic does not remember what it stored under this name: what is sent again may be there twice',
    );
  }

  grown(found: number): void {
    this.#growth.resolve(found);
  }

  get #stopping(): boolean {
    return this.#state === 'CLOSING' || this.#state === 'CLOSED';
  }

  /** A lane that is being closed stays so. */
  #enter(state: 'OPENING' | 'SPREADING' | 'REWINDING'): void {
    if (!this.#stopping) {
      this.#state = state;
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
      if (error === 'SPREAD') {
        this.#enter('OPENING');
        continue;
      }
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
      } else if (error.code === 'SEQUENCE_ID_CLASH') {
        this.#options.onFatal(await this.#abandon(error));
        return;
      } else if (!worthAnotherTry(error, this.#failures)) {
        this.#options.onFatal(error);
        return;
      }
      this.#enter('OPENING');
      await pauseLane(this.#options, error, this.#failures, this.#ended.signal);
      await this.#refusedSettled();
    }
  }

  /** One life of a producer. @returns why it ended; SPREAD when another one takes its place; undefined when the lane did. */
  async #serve(): Promise<ConnectorError | 'SPREAD' | undefined> {
    this.#failure = deferred();
    this.#growth = deferred();
    const producer = await makeProducer(this.#options, this, this.#failure.promise);
    if (producer instanceof ConnectorError) {
      return producer;
    }
    if (this.#stopping) {
      await producer.close(CLOSE_MS);
      return undefined;
    }
    this.#producer = producer;
    this.#clash = undefined;
    this.#state = 'SENDING';
    this.#pump();
    const ended = await this.#within(Promise.race([this.#failure.promise, this.#growth.promise]));
    const end = typeof ended === 'number' ? await this.#spread(producer, ended) : ended;
    if (end !== undefined) {
      this.#enter('REWINDING');
      await producer.close(CLOSE_MS);
      this.#rewind();
    }
    this.#producer = undefined;
    return end;
  }

  /** Goes over to `found` partitions: only when all that was sent is confirmed, and a checkpoint covers it. */
  async #spread(
    producer: Producer<DeliveredRecord>,
    found: number,
  ): Promise<ConnectorError | 'SPREAD' | undefined> {
    const { sequencing, topic, logger } = this.#options;
    this.#enter('SPREADING');
    producer.flush();
    const quiet = this.#records.quiet().then(() => undefined);
    const failed = await this.#within(Promise.race([this.#failure.promise, quiet]));
    if (failed !== undefined || this.#stopping) {
      return failed;
    }
    try {
      await this.#within(sequencing?.repartition(topic, found, this.#records.lastSent));
    } catch (error) {
      return transportError(error);
    }
    logger.info({ topic, partitions: found }, 'the topic has grown: its new partitions are used as well');
    return 'SPREAD';
  }

  /** Whoever sends the rest numbers it anew. @returns what ends the lane */
  async #abandon(error: ConnectorError): Promise<ConnectorError> {
    this.#clash = undefined;
    const stored = this.#options.sequencing?.abandon();
    return stored?.then(() => error, transportError) ?? error;
  }

  /** `work`, or undefined once the lane has ended. */
  #within<T>(work: Promise<T> | undefined): Promise<T | undefined> {
    const { signal } = this.#ended;
    return abortable(Promise.resolve(work), signal).catch((error) => {
      if (!signal.aborted) {
        throw error;
      }
      return undefined;
    });
  }

  /** The topic does not take the schema: no record can be stored. Those that follow hear it at once. */
  #refuse(error: ConnectorError): void {
    this.#refusal = error;
    const { full } = this.#records;
    for (const record of this.#records.takeUnsent()) {
      this.#failRefused(record, error);
    }
    if (full) {
      this.#options.onRoom();
    }
  }

  #failRefused(record: DeliveredRecord, error: ConnectorError): void {
    this.#counts.rejected++;
    this.#lastRefused = record.recordSequence ?? -1;
    record.fail(error);
  }

  /**
   * From now on records wait for the topic to be asked again. With numbers it is not asked before those it refused are
   * settled elsewhere: once it has later ones it would take them for known, should they come again.
   */
  async #refusedSettled(): Promise<void> {
    if (this.#refusal !== undefined) {
      this.#refusal = undefined;
      await this.#within(this.#options.sequencing?.reached(this.#lastRefused)).catch(() => undefined);
    }
  }

  /** What a failed producer left unconfirmed is sent again; with ATMOST_ONCE it counts as done. */
  #rewind(): void {
    this.#records.unanswered();
    if (this.#stopping) {
      return;
    }
    if (this.#options.atMostOnce) {
      this.#records.ackUnconfirmed();
    }
    this.#counts.resent += this.#records.rewind();
  }
}
