import type {
  ConsumerRef,
  FanOutApi,
  ShardSubscription,
  StreamConsumer,
  SubscriptionEvent,
} from '../../src/aws/fan-out-api';
import type { CallOptions, GetRecordsOptions, IteratorPosition } from '../../src/aws/kinesis-api';
import { abortable } from '../../src/util/abort';

/** What a subscription does next: an event, an error, its end, or nothing until its signal fires. */
export type EventStep =
  | Partial<SubscriptionEvent>
  | Error
  | 'end'
  | 'silence'
  | ((options: GetRecordsOptions) => Promise<SubscriptionEvent | undefined>);

/** A subscription, or why there is none. */
export type SubscribeStep =
  | { readonly events: EventStep[]; readonly serviceTime?: number; readonly delay?: () => Promise<void> }
  | Error
  | 'silence';

export const event = (partial: Partial<SubscriptionEvent> = {}): SubscriptionEvent => ({
  records: [],
  continuation: partial.records?.at(-1)?.sequenceNumber ?? '0',
  millisBehindLatest: 0,
  childShards: [],
  ...partial,
});

export interface Subscribed {
  readonly consumerArn: string;
  readonly position: IteratorPosition;
}

type ConsumerAnswer = StreamConsumer | Error;

/** A Kinesis with consumers that plays a script. */
export class ScriptedFanOut implements FanOutApi {
  readonly subscribed: Subscribed[] = [];
  /** Subscriptions that stand. */
  open = 0;
  /** The last answer stands. */
  readonly descriptions: ConsumerAnswer[] = [];
  readonly registrations: ConsumerAnswer[] = [];
  readonly deregistered: ConsumerRef[] = [];
  readonly calls: string[] = [];
  readonly #script: SubscribeStep[];

  constructor(script: SubscribeStep[] = []) {
    this.#script = script;
  }

  async subscribeToShard(
    consumerArn: string,
    _shardId: string,
    position: IteratorPosition,
    options: CallOptions = {},
  ): Promise<ShardSubscription> {
    this.subscribed.push({ consumerArn, position });
    const step = this.#script.shift() ?? 'silence';
    if (step instanceof Error) {
      throw step;
    }
    if (step === 'silence') {
      return forever(options);
    }
    await step.delay?.();
    return this.#subscription(step.events, step.serviceTime);
  }

  async describeStreamConsumer(consumer: ConsumerRef): Promise<StreamConsumer> {
    this.calls.push(`describe ${'consumerArn' in consumer ? consumer.consumerArn : consumer.consumerName}`);
    return given(this.descriptions.length > 1 ? this.descriptions.shift() : this.descriptions[0]);
  }

  async registerStreamConsumer(_streamArn: string, consumerName: string): Promise<StreamConsumer> {
    this.calls.push(`register ${consumerName}`);
    return given(this.registrations.shift());
  }

  async deregisterStreamConsumer(consumer: ConsumerRef): Promise<void> {
    this.deregistered.push(consumer);
  }

  #subscription(events: EventStep[], serviceTime: number | undefined): ShardSubscription {
    let isOpen = true;
    this.open++;
    return {
      serviceTime,
      next: async (options) => {
        const step = events.shift() ?? 'silence';
        if (step instanceof Error) {
          throw step;
        }
        if (typeof step === 'function') {
          return step(options);
        }
        if (step === 'end') {
          return undefined;
        }
        return step === 'silence' ? forever(options) : event(step);
      },
      close: () => {
        this.open -= isOpen ? 1 : 0;
        isOpen = false;
      },
    };
  }
}

function forever<T>({ signal }: CallOptions): Promise<T> {
  const never = new Promise<T>(() => undefined);
  return signal === undefined ? never : abortable(never, signal);
}

function given(answer: ConsumerAnswer | undefined): StreamConsumer {
  if (answer === undefined || answer instanceof Error) {
    throw answer ?? new Error('the script has no further answer');
  }
  return answer;
}
