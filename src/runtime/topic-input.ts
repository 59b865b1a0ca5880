import { isConnectorError } from '../errors';
import {
  BYTES_SCHEMA,
  type Instrument,
  type MetricSink,
  type Schema,
  type SchemaType,
  type SubscriptionType,
} from '../io';
import type { Consumer, ReceivedMessage } from '../pulsar/transport';
import type { AcknowledgementTimeout } from './acknowledgement-timeout';
import { ConsumedRecord, type RecordOwner } from './consumed-record';
import { letterOfMessage } from './dead-letter';
import type { DeadLetterQueue } from './dead-letter-queue';
import type { FailureLog } from './failure-log';
import { type FailurePolicy, messageOutcome } from './message-outcome';
import { RedeliveryCount } from './redelivery-count';

export interface TopicInputParts {
  readonly consumer: Consumer;
  readonly subscriptionType: SubscriptionType;
  /** Of messages that carry no schema; bytes when undefined. */
  readonly schemaType: SchemaType | undefined;
  readonly policy: FailurePolicy;
  /** Where the hopeless messages of a topic or partition go; undefined without `policy.deadLetterTopic`. */
  readonly lettersOf: (topic: string) => DeadLetterQueue | undefined;
  readonly timeout: AcknowledgementTimeout | undefined;
  readonly log: FailureLog;
  readonly metrics: MetricSink;
  onFatal(error: Error): void;
}

/** One input topic, or pattern of topics, of a sink: makes records of its messages, and tells its consumer what became of them. */
export class TopicInput implements RecordOwner {
  readonly #parts: TopicInputParts;
  readonly #consumer: Consumer;
  readonly #atMostOnce: boolean;
  readonly #schema: Schema | undefined;
  readonly #redeliveries: RedeliveryCount;
  readonly #redelivered: Instrument;
  readonly #deadLettered: Instrument;
  readonly #dropped: Instrument;
  /** Those in use. */
  readonly #deadLetters = new Set<DeadLetterQueue>();
  #unsettled = 0;

  constructor(parts: TopicInputParts) {
    const { consumer, policy, schemaType, metrics } = parts;
    const { topic } = consumer;
    this.#parts = parts;
    this.#consumer = consumer;
    this.#atMostOnce = policy.guarantee === 'ATMOST_ONCE';
    this.#schema =
      schemaType === undefined
        ? undefined
        : { type: schemaType, name: schemaType.toLowerCase(), definition: '' };
    this.#redeliveries = new RedeliveryCount(parts.subscriptionType, policy.maxMessageRetries !== undefined);
    this.#redelivered = metrics.instrument('messages_redelivered', { topic });
    this.#deadLettered = metrics.instrument('messages_dead_lettered', { topic });
    this.#dropped = metrics.instrument('messages_dropped', { topic });
  }

  /** Records that the sink was given and has not settled; none with ATMOST_ONCE. */
  get unsettled(): number {
    return this.#unsettled;
  }

  /** Whether the sink may get no more records of this topic before `room` has resolved. */
  get blocked(): boolean {
    for (const { full } of this.#deadLetters) {
      if (full) {
        return true;
      }
    }
    return false;
  }

  /** @throws the signal's reason */
  async room(signal: AbortSignal): Promise<void> {
    for (const letters of this.#deadLetters) {
      await letters.room(signal);
    }
  }

  /**
   * The next records in order, at most `max`; an empty list when each failed before the sink could have it, undefined
   * when after `pause` nothing more comes.
   */
  async receive(max: number): Promise<ConsumedRecord[] | undefined> {
    const messages = await this.#consumer.receive(max);
    if (messages.length === 0) {
      return undefined;
    }
    const records: ConsumedRecord[] = [];
    for (const message of messages) {
      try {
        const schema = this.#schemaOf(message);
        records.push(new ConsumedRecord(message, schema instanceof Promise ? await schema : schema, this));
      } catch (error) {
        if (!isConnectorError(error) || !(error.retryable || error.code === 'PULSAR_MESSAGE_UNREADABLE')) {
          throw error;
        }
        if (this.#atMostOnce) {
          this.#consumer.acknowledge(message);
        }
        this.#settle(message, error);
      }
    }
    return records;
  }

  /** The sink is about to get `record`. */
  giving(record: ConsumedRecord): void {
    if (this.#atMostOnce) {
      this.#consumer.acknowledge(record.message);
    } else {
      this.#unsettled++;
    }
  }

  /** The sink has taken `record`. */
  given(record: ConsumedRecord): void {
    this.#parts.timeout?.watch(record);
  }

  acked(record: ConsumedRecord): void {
    if (!this.#atMostOnce) {
      this.#unsettled--;
      this.#parts.timeout?.forget(record);
      this.#acknowledge(record.message);
    }
  }

  failed(record: ConsumedRecord, cause: Error): void {
    if (!this.#atMostOnce) {
      this.#unsettled--;
      this.#parts.timeout?.forget(record);
    }
    this.#settle(record.message, cause);
  }

  whenCaughtUp(): Promise<void> {
    return this.#consumer.whenCaughtUp();
  }

  pause(): void {
    this.#consumer.pause();
  }

  /** @returns false when the broker did not answer in time. Never rejects. */
  close(deadlineMs: number, unsubscribe: boolean): Promise<boolean> {
    return this.#consumer.close(deadlineMs, { unsubscribe });
  }

  #bury(message: ReceivedMessage, cause: Error): void {
    const letters = this.#parts.lettersOf(message.topic);
    if (letters !== undefined) {
      this.#deadLetters.add(letters);
      letters.add(letterOfMessage(message, cause), () => this.#deadLetterStored(message));
    }
  }

  #deadLetterStored(message: ReceivedMessage): void {
    this.#deadLettered.record(1);
    if (!this.#atMostOnce) {
      this.#acknowledge(message);
    }
  }

  #schemaOf(message: ReceivedMessage): Schema | Promise<Schema> {
    // An empty version says that there is none.
    return message.schemaVersion === undefined || message.schemaVersion.length === 0
      ? (this.#schema ?? BYTES_SCHEMA)
      : this.#consumer.schemaOf(message);
  }

  #settle(message: ReceivedMessage, cause: Error): void {
    const { policy, log } = this.#parts;
    const outcome = messageOutcome(cause, this.#redeliveries.of(message), policy);
    log.tell(outcome, message, cause);
    switch (outcome) {
      case 'REDELIVER':
        this.#redelivered.record(1);
        this.#redeliveries.refused(message);
        this.#consumer.negativeAcknowledge(message);
        break;
      case 'DEAD_LETTER':
        this.#bury(message, cause);
        break;
      case 'END':
        this.#parts.onFatal(cause);
        break;
      case 'DROP':
        this.#dropped.record(1);
        break;
    }
  }

  #acknowledge(message: ReceivedMessage): void {
    this.#redeliveries.settled(message);
    this.#consumer.acknowledge(message);
  }
}
