import type { FanOutApi, ShardSubscription, SubscriptionEvent } from '../../src/aws/fan-out-api';
import type { GetRecordsOptions } from '../../src/aws/kinesis-api';
import { ConnectorError } from '../../src/errors';
import { throwIfAborted } from '../../src/util/abort';
import type { Random } from '../../src/util/random';

/** What subscriptions need of the process that holds them. */
export interface FanOutSurroundings {
  readonly random: Random;
  readonly weather: FanOutWeather;
  /** Resolves when the process runs, which may be never. */
  running(): Promise<void>;
  /** What a request or an answer takes on its way. */
  delay(): Promise<void>;
  read<T>(work: () => Promise<T>): Promise<T>;
  /** Work that may never end. */
  ending<T>(work: () => Promise<T>): Promise<T>;
  write<T>(apply: () => Promise<T>): Promise<T>;
}

/** Likelihoods, 0 to 1. */
export interface FanOutWeather {
  /** Of each event, that its connection breaks, or an exception comes, before or inside it. */
  readonly cutEvents?: number;
  /** Of each SubscribeToShard, that it is refused, or its answer lost though it stands. */
  readonly refusedSubscriptions?: number;
}

/** Enhanced fan-out as one process reaches it. */
export function simulatedFanOut(
  inner: FanOutApi,
  surroundings: FanOutSurroundings,
): FanOutApi & { close(): void } {
  const { random, weather, read, write } = surroundings;
  return {
    describeStreamConsumer: (...args) => read(() => inner.describeStreamConsumer(...args)),
    registerStreamConsumer: (...args) => write(() => inner.registerStreamConsumer(...args)),
    deregisterStreamConsumer: (...args) => write(() => inner.deregisterStreamConsumer(...args)),
    subscribeToShard: (...args) =>
      read(async () => {
        const refused = random.next() < (weather.refusedSubscriptions ?? 0);
        const fate = refused ? random.next() : 1;
        if (fate < 0.7) {
          throw fate < 0.3 ? inUse() : fate < 0.5 ? throttled() : cut();
        }
        const subscription = await inner.subscribeToShard(...args);
        if (refused) {
          // It stands, and nobody knows of it.
          throw new ConnectorError('AWS_TIMEOUT', 'no answer');
        }
        return new SimulatedSubscription(subscription, surroundings);
      }),
    close: () => undefined,
  };
}

class SimulatedSubscription implements ShardSubscription {
  constructor(
    private readonly inner: ShardSubscription,
    private readonly surroundings: FanOutSurroundings,
  ) {}

  get serviceTime(): number | undefined {
    return this.inner.serviceTime;
  }

  next(options: GetRecordsOptions): Promise<SubscriptionEvent | undefined> {
    return this.surroundings.ending(() => this.#next(options));
  }

  close(): void {
    this.inner.close();
  }

  async #next({ signal, admit }: GetRecordsOptions): Promise<SubscriptionEvent | undefined> {
    const { running, delay, random, weather } = this.surroundings;
    const fate = random.next() < (weather.cutEvents ?? 0) ? random.next() : 1;
    await running();
    if (fate < 0.4) {
      throw this.#broken(fate);
    }
    const event = await this.inner.next({
      ...(signal !== undefined && { signal }),
      ...(admit !== undefined && {
        admit: async (bytes: number) => {
          await running();
          if (fate < 0.7) {
            throw this.#broken(fate);
          }
          await admit(bytes);
        },
      }),
    });
    await delay();
    await running();
    try {
      throwIfAborted(signal);
    } catch (reason) {
      this.close();
      throw reason;
    }
    if (fate < 1) {
      throw this.#broken(fate);
    }
    return event;
  }

  #broken(fate: number): ConnectorError {
    this.inner.close();
    return fate % 0.1 < 0.05 ? cut() : throttled();
  }
}

const cut = (): ConnectorError => new ConnectorError('AWS_UNAVAILABLE', 'the connection broke');
const throttled = (): ConnectorError => new ConnectorError('AWS_THROTTLED', 'slow down');
const inUse = (): ConnectorError =>
  new ConnectorError('KINESIS_SUBSCRIPTION_IN_USE', 'another active subscription exists');
