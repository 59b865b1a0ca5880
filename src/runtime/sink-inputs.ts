import type { SinkDefinition } from '../config/types';
import type { BaseContext } from '../io';
import { StallReporter } from '../metrics/stall-reporter';
import type { Transport } from '../pulsar/transport';
import type { BackoffBounds } from '../util/backoff';
import { Ticker } from '../util/ticker';
import { LOOK_MS, Watchdog } from '../util/watchdog';
import { AcknowledgementTimeout } from './acknowledgement-timeout';
import { DeadLetterQueue } from './dead-letter-queue';
import { FailureLog } from './failure-log';
import { deadLetterTopicOf, isDeadLetterTopic } from './message-outcome';
import { subscribe } from './subscribe';
import { TopicInput } from './topic-input';

export interface SinkInputsOptions {
  readonly definition: SinkDefinition;
  readonly context: Pick<BaseContext, 'clock' | 'random' | 'logger' | 'metrics' | 'stalled'>;
  readonly transport: Transport;
  readonly backoff: BackoffBounds;
  /** See `Sink.settlesEveryRecord`. */
  readonly settlesEveryRecord: boolean;
  /** A message, or a dead letter, that ends the instance. */
  onFatal(error: Error): void;
}

/** The input topics of one sink, and the dead-letter topics behind them. */
export class SinkInputs {
  readonly #options: SinkInputsOptions;
  readonly #inputs: TopicInput[] = [];
  readonly #deadLetters = new Map<string, DeadLetterQueue>();
  readonly #timeout: AcknowledgementTimeout | undefined;
  readonly #log: FailureLog;
  /** Over the dead-letter topics. */
  readonly #watchdog: Watchdog;
  /** Runs once there is something to look at. */
  #looks: Ticker | undefined;

  constructor(options: SinkInputsOptions) {
    const { definition, context, settlesEveryRecord } = options;
    this.#options = options;
    this.#log = new FailureLog(context.logger, context.clock);
    this.#watchdog = new Watchdog(context.clock, new StallReporter(context));
    if (definition.timeoutMs > 0 && !settlesEveryRecord) {
      this.#timeout = new AcknowledgementTimeout(definition.timeoutMs, context.clock);
    }
  }

  /**
   * @param topic As it stands in the definition; a pattern when it stands among those.
   * @throws ConnectorError what cannot heal; the reason of `signal` once that is aborted.
   */
  async subscribe(topic: string, signal: AbortSignal): Promise<TopicInput> {
    const { definition, context, transport, backoff, onFatal } = this.#options;
    const { processingGuarantees: guarantee, subscriptionName, maxMessageRetries, schemaTypes } = definition;
    const incomplete = context.metrics.instrument('messages_incomplete', { topic });
    const consumer = await subscribe(
      {
        topic,
        isPattern: definition.inputPatterns.includes(topic),
        excluded: (one) => isDeadLetterTopic(one, definition),
        subscription: subscriptionName,
        subscriptionType: definition.subscriptionType,
        initialPosition: definition.sourceSubscriptionPosition,
        receiverQueueSize: definition.receiverQueueSize,
        receiverQueueBytes: definition.receiverQueueBytes,
        negativeAckRedeliveryDelayMs: definition.negativeAckRedeliveryDelayMs,
        settings: definition.consumer,
        skipped: () => incomplete.record(1),
      },
      signal,
      { ...context, transport, backoff },
    );
    const lettersOf = (one: string): DeadLetterQueue | undefined => {
      const deadLetterTopic = deadLetterTopicOf(one, subscriptionName, definition);
      return deadLetterTopic === undefined ? undefined : this.#deadLetterQueue(deadLetterTopic);
    };
    const input = new TopicInput({
      consumer,
      subscriptionType: definition.subscriptionType,
      schemaType: Object.hasOwn(schemaTypes, topic) ? schemaTypes[topic] : undefined,
      policy: {
        guarantee,
        deadLetterTopic: deadLetterTopicOf(consumer.topic, subscriptionName, definition),
        maxMessageRetries,
      },
      lettersOf,
      timeout: this.#timeout,
      log: this.#log,
      metrics: context.metrics,
      onFatal,
    });
    this.#inputs.push(input);
    return input;
  }

  /** Resolves once everything that is in the topics at this call is acknowledged. */
  async whenCaughtUp(): Promise<void> {
    await Promise.all(this.#inputs.map((input) => input.whenCaughtUp()));
  }

  pause(): void {
    for (const input of this.#inputs) {
      input.pause();
    }
  }

  /**
   * Stores the dead letters, then tells the broker everything that is acknowledged.
   * @param left Milliseconds that the next step may take.
   * @param unsubscribe Asked whether the subscriptions go, when every record is settled.
   * @returns whether every record is settled and the broker knows. Never rejects.
   */
  async close(left: () => number, unsubscribe: () => boolean): Promise<boolean> {
    this.#timeout?.stop();
    this.#watchdog.stop();
    this.#looks?.stop();
    const queues = [...this.#deadLetters.values()];
    const stored = await Promise.all(queues.map((queue) => queue.close(left())));
    const settled = !stored.includes(false) && this.#inputs.every(({ unsettled }) => unsettled === 0);
    const last = settled && unsubscribe();
    const answered = await Promise.all(this.#inputs.map((input) => input.close(left(), last)));
    return settled && !answered.includes(false);
  }

  #deadLetterQueue(topic: string): DeadLetterQueue {
    const { definition, context, transport, backoff, onFatal } = this.#options;
    let queue = this.#deadLetters.get(topic);
    if (queue === undefined) {
      const limit = definition.producer.sendStallTimeout;
      const watch = { watchdog: this.#watchdog, part: `delivery to ${topic}`, limit };
      queue = new DeadLetterQueue({
        ...context,
        transport,
        topic,
        backoff,
        watch,
        mayStillSend: () => true,
        onRoom: () => undefined,
        onFatal,
      });
      this.#looks ??= new Ticker(context.clock, LOOK_MS, () => this.#watchdog.look());
      this.#deadLetters.set(topic, queue);
    }
    return queue;
  }
}
