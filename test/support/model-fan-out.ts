import type {
  ConsumerRef,
  FanOutApi,
  ShardSubscription,
  StreamConsumer,
  SubscriptionEvent,
} from '../../src/aws/fan-out-api';
import type { GetRecordsOptions, IteratorPosition } from '../../src/aws/kinesis-api';
import type { WireConsumer } from '../../src/emulator/kinesis/consumers';
import type { KinesisModel } from '../../src/emulator/kinesis/model';
import type { Subscription } from '../../src/emulator/kinesis/subscription';
import { ConnectorError } from '../../src/errors';
import { abortable, follow, throwIfAborted } from '../../src/util/abort';
import type { Clock } from '../../src/util/clock';
import { answered, type Codes, childOf, connectorErrorOf, rawRecordOf, sizeOnWire } from './model-answers';

const REGISTRATION: Codes = {
  LimitExceededException: 'KINESIS_CONSUMER_LIMIT',
  ResourceInUseException: (message) =>
    message.startsWith('Stream') ? 'KINESIS_STREAM_NOT_READY' : 'KINESIS_CONSUMER_NOT_READY',
};

const SUBSCRIPTION: Codes = {
  InvalidArgumentException: 'KINESIS_POSITION_REFUSED',
  ResourceInUseException: (message) =>
    message.startsWith('Another active subscription')
      ? 'KINESIS_SUBSCRIPTION_IN_USE'
      : 'KINESIS_CONSUMER_NOT_READY',
};

/** Enhanced fan-out of the embedded Kinesis without sockets. */
export function modelFanOut(model: KinesisModel, clock: Clock): FanOutApi {
  return {
    describeStreamConsumer: (consumer) =>
      answered(() => consumerOf(model.call('DescribeStreamConsumer', onWire(consumer)).ConsumerDescription)),
    registerStreamConsumer: (StreamARN, ConsumerName) =>
      answered(
        () => consumerOf(model.call('RegisterStreamConsumer', { StreamARN, ConsumerName }).Consumer),
        REGISTRATION,
      ),
    deregisterStreamConsumer: (consumer) =>
      answered(() => {
        model.call('DeregisterStreamConsumer', onWire(consumer));
      }),
    subscribeToShard: (ConsumerARN, ShardId, position, options) =>
      answered(() => {
        throwIfAborted(options?.signal);
        const events = model.subscribe({ ConsumerARN, ShardId, StartingPosition: startOf(position) });
        return new ModelSubscription(events, Math.floor(clock.now() / 1000) * 1000);
      }, SUBSCRIPTION),
  };
}

/** Whatever ends a call of `next` other than an event ends the subscription. */
class ModelSubscription implements ShardSubscription {
  readonly #end = new AbortController();

  constructor(
    private readonly events: Subscription,
    readonly serviceTime: number,
  ) {}

  async next({ signal, admit }: GetRecordsOptions): Promise<SubscriptionEvent | undefined> {
    const unfollow = signal === undefined ? undefined : follow(signal, this.#end);
    try {
      const event = await this.events.next(this.#end.signal);
      if (event === undefined) {
        return undefined;
      }
      if (admit !== undefined) {
        await abortable(admit(sizeOnWire(event.Records)), this.#end.signal);
      }
      return {
        records: event.Records.map(rawRecordOf),
        continuation: event.ContinuationSequenceNumber,
        millisBehindLatest: event.MillisBehindLatest,
        childShards: (event.ChildShards ?? []).map(childOf),
      };
    } catch (error) {
      const known = connectorErrorOf(error, SUBSCRIPTION);
      this.#close(known);
      throw known;
    } finally {
      unfollow?.();
    }
  }

  close(): void {
    this.#close(new ConnectorError('AWS_UNAVAILABLE', 'the subscription was closed'));
  }

  #close(reason: unknown): void {
    this.#end.abort(reason);
    this.events.close();
  }
}

function startOf(position: IteratorPosition) {
  return {
    Type: position.type,
    ...('sequenceNumber' in position && { SequenceNumber: position.sequenceNumber }),
    ...('timestamp' in position && { Timestamp: position.timestamp / 1000 }),
  };
}

function onWire(consumer: ConsumerRef) {
  return 'consumerArn' in consumer
    ? { ConsumerARN: consumer.consumerArn }
    : { StreamARN: consumer.streamArn, ConsumerName: consumer.consumerName };
}

function consumerOf(consumer: WireConsumer): StreamConsumer {
  return {
    name: consumer.ConsumerName,
    arn: consumer.ConsumerARN,
    status: consumer.ConsumerStatus,
    createdAt: consumer.ConsumerCreationTimestamp * 1000,
  };
}
