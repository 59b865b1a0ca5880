import { ServiceError } from '../service-model';
import { Seat } from './seat';

/** Source: Kinesis API, RegisterStreamConsumer: more of one stream than these cannot be CREATING at once. */
const MOST_CREATING = 5;

export type ConsumerStatus = 'CREATING' | 'DELETING' | 'ACTIVE';

/** Consumer of the API. */
export interface WireConsumer {
  readonly ConsumerName: string;
  readonly ConsumerARN: string;
  readonly ConsumerStatus: ConsumerStatus;
  /** Whole seconds since the epoch. */
  readonly ConsumerCreationTimestamp: number;
}

/** A registered consumer. Times are milliseconds since the epoch. */
export class Consumer {
  readonly arn: string;
  deletion: { readonly endsAt: number } | undefined;
  /** By shard id. */
  readonly #seats = new Map<string, Seat>();

  constructor(
    readonly name: string,
    streamArn: string,
    /** Whole seconds since the epoch: no two consumers of a name have the same. */
    readonly creationSeconds: number,
    readonly activeAt: number,
  ) {
    this.arn = `${streamArn}/consumer/${name}:${creationSeconds}`;
  }

  status(now: number): ConsumerStatus {
    if (this.deletion !== undefined) {
      return 'DELETING';
    }
    return now < this.activeAt ? 'CREATING' : 'ACTIVE';
  }

  describe(now: number): WireConsumer {
    return {
      ConsumerName: this.name,
      ConsumerARN: this.arn,
      ConsumerStatus: this.status(now),
      ConsumerCreationTimestamp: this.creationSeconds,
    };
  }

  seat(shardId: string): Seat {
    const seat = this.#seats.get(shardId) ?? new Seat();
    this.#seats.set(shardId, seat);
    return seat;
  }

  /** Ends its subscriptions with `error`. */
  fail(error: ServiceError): void {
    for (const seat of this.#seats.values()) {
      seat.fail(error);
    }
  }
}

/** The registered consumers of one stream. What takes time ends lazily, with the next look. */
export class Consumers {
  readonly #streamArn: string;
  readonly #notBefore: number;
  readonly #byName = new Map<string, Consumer>();
  /** By name, also of consumers that are gone; whole seconds since the epoch. */
  readonly #lastCreations = new Map<string, number>();

  /** @param notBefore earliest second that the ARN of one may name: earlier ones are those of a deleted stream. */
  constructor(streamArn: string, notBefore: number) {
    this.#streamArn = streamArn;
    this.#notBefore = notBefore;
  }

  /** The latest second that the ARN of one has named. */
  get newestSeconds(): number {
    return Math.max(this.#notBefore, ...this.#lastCreations.values());
  }

  /** By name. */
  list(now: number): Consumer[] {
    for (const { name, deletion } of [...this.#byName.values()]) {
      if (deletion !== undefined && now >= deletion.endsAt) {
        this.#byName.delete(name);
      }
    }
    return [...this.#byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  find(name: string, now: number): Consumer | undefined {
    return this.list(now).find((consumer) => consumer.name === name);
  }

  /** @throws ServiceError ResourceInUseException, LimitExceededException */
  register(name: string, now: number, settleMs: number, limit: number): Consumer {
    const present = this.list(now);
    if (present.some((consumer) => consumer.name === name)) {
      throw new ServiceError(
        'ResourceInUseException',
        `Consumer ${name} of ${this.#streamArn} already exists.`,
      );
    }
    if (present.length >= limit) {
      throw limitExceeded(`${this.#streamArn} has ${present.length} consumers. Limit: ${limit}.`);
    }
    if (present.filter((consumer) => consumer.status(now) === 'CREATING').length >= MOST_CREATING) {
      throw limitExceeded(`${MOST_CREATING} consumers of ${this.#streamArn} are in CREATING status already.`);
    }
    const last = this.#lastCreations.get(name);
    const seconds = Math.max(Math.floor(now / 1000), last === undefined ? this.#notBefore : last + 1);
    this.#lastCreations.set(name, seconds);
    const consumer = new Consumer(name, this.#streamArn, seconds, now + settleMs);
    this.#byName.set(name, consumer);
    return consumer;
  }

  /** Begins to delete every one that is not being deleted. Their subscriptions end with what `errorOf` gives. */
  deregister(
    consumers: readonly Consumer[],
    now: number,
    settleMs: number,
    errorOf: (consumer: Consumer) => ServiceError,
  ): void {
    for (const consumer of consumers) {
      consumer.deletion ??= { endsAt: now + settleMs };
      consumer.fail(errorOf(consumer));
    }
  }
}

function limitExceeded(message: string): ServiceError {
  return new ServiceError('LimitExceededException', message);
}
