import type { FanOutApi, ShardSubscription, SubscriptionEvent } from '../aws/fan-out-api';
import { ConnectorError, isConnectorError } from '../errors';
import { throwIfAborted } from '../util/abort';
import { fullJitter } from '../util/backoff';
import { sleep } from '../util/clock';
import type { ConsumerRegistration } from './consumer-registration';
import { readPatiently } from './patient-read';
import { ReaderCalls } from './reader-calls';
import { ResumePoint } from './resume-point';
import type { Admit, RetrievalBatch, ShardReader } from './retrieval';
import { childrenAtEnd } from './shard-end';
import type { ShardReaderOptions } from './shard-reader-options';
import { SUBSCRIPTION_SPACING_MS, SubscriptionPacing } from './subscription-pacing';

export interface FanOutReaderOptions extends ShardReaderOptions {
  readonly fanOut: Pick<FanOutApi, 'subscribeToShard'>;
  readonly consumer: Pick<ConsumerRegistration, 'arn' | 'lost'>;
  /** Milliseconds that a subscription may bring no event, not even an empty one. */
  readonly eventTimeout: number;
}

interface OpenSubscription {
  readonly subscription: ShardSubscription;
  /** When it was asked for, monotonic milliseconds. */
  readonly since: number;
  /**
   * Not later than the moment of any look at the shard behind one of its events, as the service's clock shows it; in
   * milliseconds since the epoch.
   */
  readonly serviceTime: number | undefined;
}

/** Why the subscription before has ended: an error, or its time was up. */
interface Ending {
  readonly error: ConnectorError | undefined;
}

const admitted = async (): Promise<void> => undefined;

/** Opens a reader of one shard by SubscribeToShard. No call is made before the first `read`. */
export function openFanOutReader(options: FanOutReaderOptions): ShardReader {
  return new FanOutReader(options);
}

/**
 * One event a `read`: what was not asked for stays in the connection, which then stops the service.
 *
 * An event that is handed out may be old: it may have waited in the connection, in front of a window that was
 * shut, or on a lost packet, and how long it took to come does not tell. What is certain is the order: the service
 * took the subscription, then looked at the shard. So the one instant behind which every look lies is that of the
 * subscription, five minutes ago at most, and nothing later is claimed. Data loss is judged by the trim horizon, a day
 * back at least; five minutes are nothing to that, while one claim too late could hide a gap.
 */
class FanOutReader implements ShardReader {
  readonly #options: FanOutReaderOptions;
  readonly #calls: ReaderCalls;
  readonly #pacing: SubscriptionPacing;
  readonly #resume: ResumePoint;
  #open: OpenSubscription | undefined;
  /** Whether the subscription has brought an event. */
  #isHeard = false;
  #ending: Ending | undefined;
  /** Failures in a row; one of a subscription that had stood for long is the first. */
  #failures = 0;
  #ended = false;

  constructor(options: FanOutReaderOptions) {
    this.#options = options;
    this.#calls = new ReaderCalls(options);
    this.#pacing = new SubscriptionPacing(options.backoff, options.random);
    this.#resume = new ResumePoint(options.start);
  }

  async read(signal: AbortSignal, admit: Admit): Promise<RetrievalBatch> {
    if (this.#ended) {
      throw new ConnectorError('ILLEGAL_STATE', `${this.#options.shardId} is read behind its end`);
    }
    const batch = await readPatiently(
      {
        ...this.#options,
        calls: this.#calls,
        attempt: () => this.#attempt(signal, admit),
        waitAfter: (error) => this.#waitAfter(error),
      },
      signal,
    );
    if (batch.end !== undefined) {
      this.close();
    }
    return batch;
  }

  close(): void {
    this.#ended = true;
    this.#leave();
  }

  async #attempt(signal: AbortSignal, admit: Admit): Promise<RetrievalBatch> {
    try {
      for (;;) {
        const open = this.#open ?? (await this.#subscribe(signal));
        const event = await this.#next(open.subscription, signal, admit);
        if (event !== undefined) {
          return await this.#take(event, open, signal);
        }
        this.#leave({ error: undefined });
      }
    } catch (error) {
      // Whatever it was, an event may be lost to it: the next subscription brings it again.
      this.#leave(isConnectorError(error) ? { error } : undefined);
      throw error;
    }
  }

  async #subscribe(signal: AbortSignal): Promise<OpenSubscription> {
    const { clock, shardId, consumer, fanOut, observer } = this.#options;
    const arn = await consumer.arn(signal);
    const wait = this.#pacing.next - clock.monotonic();
    if (wait > 0) {
      await sleep(clock, wait, signal);
    }
    throwIfAborted(signal);
    const since = clock.monotonic();
    const { position } = this.#resume;
    if (this.#ending !== undefined) {
      observer?.resubscribing?.(shardId, this.#ending.error);
      this.#ending = undefined;
    }
    let open: OpenSubscription;
    try {
      open = await this.#calls.make('subscribeToShard', signal, admitted, async (timed) =>
        // At once: when the signal fires before the call is back here, somebody must know what to close.
        this.#begin(
          notLate(await fanOut.subscribeToShard(arn, shardId, position, { signal: timed }), timed),
          since,
        ),
      );
    } catch (error) {
      if (isConnectorError(error, 'KINESIS_CONSUMER_NOT_FOUND', 'KINESIS_CONSUMER_NOT_READY')) {
        consumer.lost(arn);
      }
      throw error;
    }
    throwIfAborted(signal);
    return open;
  }

  #begin(subscription: ShardSubscription, since: number): OpenSubscription {
    const at = this.#options.clock.monotonic();
    this.#pacing.subscribed(at);
    // The first look may have been made before the header was, but not before the call.
    const serviceTime =
      subscription.serviceTime === undefined ? undefined : subscription.serviceTime - (at - since);
    this.#isHeard = false;
    this.#open = { subscription, since, serviceTime };
    return this.#open;
  }

  #next(
    subscription: ShardSubscription,
    signal: AbortSignal,
    admit: Admit,
  ): Promise<SubscriptionEvent | undefined> {
    return this.#calls.make(
      'nextEvent',
      signal,
      admit,
      async (timed, asked) => {
        const event = await subscription.next({ signal: timed, admit: asked });
        if (event === undefined && !this.#isHeard) {
          throw endedUnheard(this.#options.shardId);
        }
        this.#isHeard = true;
        return event;
      },
      this.#options.eventTimeout,
    );
  }

  async #take(
    event: SubscriptionEvent,
    { since, serviceTime }: OpenSubscription,
    signal: AbortSignal,
  ): Promise<RetrievalBatch> {
    const { records, millisBehindLatest } = event;
    let end: RetrievalBatch['end'];
    if (event.continuation === undefined) {
      const { shardId } = this.#options;
      const childShards = await childrenAtEnd(shardId, event.childShards, () => this.#calls.list(signal));
      end = { childShards };
    }
    throwIfAborted(signal);
    this.#resume.passed(event);
    this.#failures = 0;
    return { records, millisBehindLatest, serviceTime, lookedSince: since, end };
  }

  /** Gives the subscription up, if there is one; a reason already known stands. */
  #leave(ending?: Ending): void {
    if (this.#open !== undefined) {
      this.#open.subscription.close();
      if (this.#options.clock.monotonic() - this.#open.since >= SUBSCRIPTION_SPACING_MS) {
        this.#failures = 0;
      }
      this.#open = undefined;
      this.#ending = ending;
    }
  }

  #waitAfter(error: ConnectorError): number {
    const { clock, backoff, random } = this.#options;
    const before = this.#failures++;
    if (error.code === 'KINESIS_SUBSCRIPTION_IN_USE') {
      return this.#pacing.refused(clock.monotonic(), before);
    }
    if (error.code === 'KINESIS_POSITION_REFUSED') {
      this.#resume.refused();
    }
    return fullJitter(before, backoff, random);
  }
}

/** Kinesis sends an event every few seconds, of an idle shard an empty one; this subscription was none. */
function endedUnheard(shardId: string): ConnectorError {
  return new ConnectorError('AWS_UNAVAILABLE', `the subscription to ${shardId} ended without an event`);
}

/** A subscription that nobody waits for any more is given up: it would hold its connection for five minutes. */
function notLate(subscription: ShardSubscription, timed: AbortSignal): ShardSubscription {
  if (timed.aborted) {
    subscription.close();
    throw timed.reason;
  }
  return subscription;
}
