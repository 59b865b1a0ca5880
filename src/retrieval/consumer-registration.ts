import type { ConsumerRef, FanOutApi, StreamConsumer } from '../aws/fan-out-api';
import { Retries, type RetryPolicy, retrying } from '../aws/retry';
import { ConnectorError, isConnectorError } from '../errors';
import { abortable, throwIfAborted } from '../util/abort';
import { sleep } from '../util/clock';
import type { Logger } from '../util/logger';

/** Milliseconds between two looks at a consumer that is being made or deleted; the KCL's second. */
const POLL_MS = 1000;

export interface ConsumerRegistrationOptions {
  readonly fanOut: FanOutApi;
  /** ARN of the stream, once that can be read. */
  readonly streamArn: (signal: AbortSignal) => Promise<string>;
  /** One that others have registered, by its ARN; or one of ours, by its name. */
  readonly consumer: { readonly arn: string } | { readonly name: string };
  /** RegisterStreamConsumer calls that may be refused for a limit. */
  readonly attempts: number;
  /** Milliseconds until the consumer is ACTIVE, that of an older one of the name gone included. */
  readonly activeTimeout: number;
  readonly retry: RetryPolicy;
  readonly logger: Logger;
}

/**
 * The registered consumer that every reader of one stream subscribes with. Any number of workers find or register it
 * at the same time: whoever comes late finds what the first one made.
 */
export class ConsumerRegistration {
  readonly #options: ConsumerRegistrationOptions;
  readonly #closed = new AbortController();
  #finding: Promise<string> | undefined;
  #arn: string | undefined;

  constructor(options: ConsumerRegistrationOptions) {
    this.#options = options;
  }

  /**
   * ARN of the consumer, once it is ACTIVE; looked for, or registered, once for all who ask.
   * @throws ConnectorError KINESIS_CONSUMER_NOT_FOUND (of an ARN given), KINESIS_CONSUMER_LIMIT,
   * KINESIS_CONSUMER_NOT_READY, KINESIS_STREAM_NOT_READY, what cannot heal; the signal's reason
   */
  arn(signal: AbortSignal): Promise<string> {
    if (this.#finding === undefined) {
      const finding = this.#find(this.#closed.signal);
      this.#finding = finding;
      finding.then(
        (arn) => {
          this.#arn = arn;
        },
        () => {
          this.#finding = undefined;
        },
      );
    }
    return abortable(this.#finding, signal);
  }

  /** Kinesis does not find `arn`, or does not let anybody subscribe with it: the next who asks looks again. */
  lost(arn: string): void {
    if (this.#arn === arn) {
      this.#arn = undefined;
      this.#finding = undefined;
      this.#options.logger.warn({ consumer: arn }, 'the fan-out consumer is gone; it is looked for again');
    }
  }

  /** Deregisters the consumer, unless it was never found or is gone. @throws what cannot heal; the signal's reason */
  async deregister(signal: AbortSignal): Promise<void> {
    const consumerArn = this.#arn;
    if (consumerArn === undefined) {
      return;
    }
    const { fanOut, retry, logger } = this.#options;
    await retrying(retry, signal, async () => {
      try {
        await fanOut.deregisterStreamConsumer({ consumerArn }, { signal });
      } catch (error) {
        if (!isConnectorError(error, 'KINESIS_CONSUMER_NOT_FOUND', 'KINESIS_CONSUMER_NOT_READY')) {
          throw error;
        }
      }
    });
    logger.info({ consumer: consumerArn }, 'fan-out consumer deregistered');
  }

  /** Ends what is under way. */
  close(): void {
    this.#closed.abort(new ConnectorError('SOURCE_CLOSED', 'the source was closed'));
  }

  async #find(signal: AbortSignal): Promise<string> {
    const { retry, streamArn, consumer, activeTimeout } = this.#options;
    const { clock, random } = retry;
    const stream = await streamArn(signal);
    const ref = refOf(consumer, stream);
    const deadline = clock.monotonic() + activeTimeout;
    const registration = new Registration(this.#options, stream);
    for (;;) {
      throwIfAborted(signal);
      const found = (await this.#describe(ref, signal)) ?? (await registration.attempt(signal));
      if (found?.status === 'ACTIVE') {
        return found.arn;
      }
      if (clock.monotonic() >= deadline) {
        if (found === undefined && registration.refusal !== undefined) {
          throw registration.refusal;
        }
        throw new ConnectorError('KINESIS_CONSUMER_NOT_READY', `${wordsOf(consumer)} is not ACTIVE`, {
          expected: `ACTIVE within ${activeTimeout} ms`,
          found: found?.status ?? 'none',
        });
      }
      await sleep(clock, POLL_MS * (0.75 + random.next() / 2), signal);
    }
  }

  /** Undefined: there is none. */
  async #describe(ref: ConsumerRef, signal: AbortSignal): Promise<StreamConsumer | undefined> {
    const { fanOut, retry } = this.#options;
    return retrying(retry, signal, async () => {
      try {
        return await fanOut.describeStreamConsumer(ref, { signal });
      } catch (error) {
        if ('streamArn' in ref && isConnectorError(error, 'KINESIS_CONSUMER_NOT_FOUND')) {
          return undefined;
        }
        throw error;
      }
    });
  }
}

/** The attempts to register one consumer. */
class Registration {
  readonly #options: ConsumerRegistrationOptions;
  readonly #streamArn: string;
  readonly #retries: Retries;
  #refused = 0;
  #refusal: ConnectorError | undefined;

  constructor(options: ConsumerRegistrationOptions, streamArn: string) {
    this.#options = options;
    this.#streamArn = streamArn;
    this.#retries = new Retries(options.retry);
  }

  /** Why nothing is registered, when it is the stream that does not allow it now. */
  get refusal(): ConnectorError | undefined {
    return this.#refusal;
  }

  /**
   * One call; whatever became of it, what counts is how the consumer is found afterwards.
   * @returns undefined when it was not answered, or others were faster
   * @throws ConnectorError KINESIS_CONSUMER_LIMIT, once it came `attempts` times
   */
  async attempt(signal: AbortSignal): Promise<StreamConsumer | undefined> {
    const { fanOut, consumer, attempts, logger } = this.#options;
    if (!('name' in consumer)) {
      return undefined;
    }
    try {
      const made = await fanOut.registerStreamConsumer(this.#streamArn, consumer.name, { signal });
      logger.info({ consumer: made.arn }, 'fan-out consumer registered');
      return made;
    } catch (error) {
      throwIfAborted(signal);
      if (isConnectorError(error, 'KINESIS_CONSUMER_LIMIT')) {
        // Consumers that others are making at this moment will be done soon; those that are there will stay.
        if (++this.#refused >= attempts) {
          throw error;
        }
      } else if (isConnectorError(error, 'KINESIS_STREAM_NOT_READY')) {
        this.#refusal = error;
      } else if (!isConnectorError(error, 'KINESIS_CONSUMER_NOT_READY')) {
        await this.#retries.failed(error, signal);
      }
      return undefined;
    }
  }
}

/** @throws ConnectorError KINESIS_CONSUMER_NOT_FOUND: the one given belongs to another stream */
function refOf(consumer: ConsumerRegistrationOptions['consumer'], streamArn: string): ConsumerRef {
  if ('name' in consumer) {
    return { streamArn, consumerName: consumer.name };
  }
  if (!consumer.arn.startsWith(`${streamArn}/consumer/`)) {
    throw new ConnectorError('KINESIS_CONSUMER_NOT_FOUND', 'consumerArn names a consumer of another stream', {
      expected: `a consumer of ${streamArn}`,
      found: consumer.arn,
      hint: 'Correct consumerArn, or leave it out: then the consumer is registered.',
    });
  }
  return { consumerArn: consumer.arn };
}

const wordsOf = (consumer: ConsumerRegistrationOptions['consumer']): string =>
  `consumer ${'name' in consumer ? consumer.name : consumer.arn}`;
