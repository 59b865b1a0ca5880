import {
  type ConsumerDescription,
  DeregisterStreamConsumerCommand,
  DescribeStreamConsumerCommand,
  RegisterStreamConsumerCommand,
  type StartingPosition,
  SubscribeToShardCommand,
} from '@aws-sdk/client-kinesis';
import type { AwsSettings } from '../config/types';
import { throwIfAborted } from '../util/abort';
import { callsTo } from './call';
import { type AwsDependencies, createFanOutClient } from './clients';
import { credentialSource } from './credentials';
import { type Dial, dialer } from './dial';
import type { ConsumerRef, FanOutApi, StreamConsumer } from './fan-out-api';
import { FanOutHandler, type SubscribeOptions } from './fan-out-handler';
import type { IteratorPosition } from './kinesis-api';
import { present } from './stream-calls';
import { EventStreamSubscription, type SubscriptionAnswer } from './subscription';

export interface FanOutDependencies extends AwsDependencies {
  /** Connects; the real network when absent. */
  readonly dial?: Dial;
}

/**
 * Enhanced fan-out over the AWS SDK, which signs; connections and events of subscriptions are ours. `close` ends all
 * of them at once.
 */
export function createFanOutApi(
  settings: AwsSettings,
  deps: FanOutDependencies,
): FanOutApi & { close(): void } {
  const { clock, dial = dialer(settings) } = deps;
  const client = createFanOutClient(settings, new FanOutHandler(settings, clock, dial), deps);
  const call = callsTo('kinesis', credentialSource(settings.credentials, settings, deps));

  return {
    describeStreamConsumer: (consumer, options) =>
      call('DescribeStreamConsumer', labelOf(consumer), options, async (handler) => {
        const answer = await client.send(new DescribeStreamConsumerCommand(named(consumer)), handler);
        return consumerOf(answer.ConsumerDescription);
      }),

    registerStreamConsumer: (streamArn, consumerName, options) =>
      call('RegisterStreamConsumer', streamArn, options, async (handler) => {
        const input = { StreamARN: streamArn, ConsumerName: consumerName };
        const answer = await client.send(new RegisterStreamConsumerCommand(input), handler);
        return consumerOf(answer.Consumer);
      }),

    deregisterStreamConsumer: (consumer, options) =>
      call('DeregisterStreamConsumer', labelOf(consumer), options, async (handler) => {
        await client.send(new DeregisterStreamConsumerCommand(named(consumer)), handler);
      }),

    subscribeToShard: (consumerArn, shardId, position, options) => {
      const resource = `${consumerArn}/${shardId}`;
      return call('SubscribeToShard', resource, options, async (handler) => {
        let taken: SubscriptionAnswer | undefined;
        const subscribeOptions: SubscribeOptions = {
          ...handler,
          takeEvents: (answer) => {
            taken = answer;
          },
        };
        const input = {
          ConsumerARN: consumerArn,
          ShardId: shardId,
          StartingPosition: startingPosition(position),
        };
        try {
          await client.send(new SubscribeToShardCommand(input), subscribeOptions);
          throwIfAborted(options?.signal);
          const context = { service: 'kinesis', action: 'SubscribeToShard', resource } as const;
          return new EventStreamSubscription(present(taken, 'event stream'), context);
        } catch (error) {
          taken?.close();
          throw error;
        }
      });
    },

    close: () => client.destroy(),
  };
}

/** For people, and for the IAM policy. */
const labelOf = (consumer: ConsumerRef): string =>
  'consumerArn' in consumer
    ? consumer.consumerArn
    : `${consumer.streamArn}/consumer/${consumer.consumerName}`;

function named(consumer: ConsumerRef) {
  return 'consumerArn' in consumer
    ? { ConsumerARN: consumer.consumerArn }
    : { StreamARN: consumer.streamArn, ConsumerName: consumer.consumerName };
}

export function consumerOf(consumer: Partial<ConsumerDescription> | undefined): StreamConsumer {
  return {
    name: present(consumer?.ConsumerName, 'ConsumerName'),
    arn: present(consumer?.ConsumerARN, 'ConsumerARN'),
    status: present(consumer?.ConsumerStatus, 'ConsumerStatus'),
    createdAt: present(consumer?.ConsumerCreationTimestamp, 'ConsumerCreationTimestamp').getTime(),
  };
}

function startingPosition(position: IteratorPosition): StartingPosition {
  switch (position.type) {
    case 'TRIM_HORIZON':
    case 'LATEST':
      return { Type: position.type };
    case 'AT_TIMESTAMP':
      return { Type: position.type, Timestamp: new Date(position.timestamp) };
    case 'AT_SEQUENCE_NUMBER':
    case 'AFTER_SEQUENCE_NUMBER':
      return { Type: position.type, SequenceNumber: position.sequenceNumber };
  }
}
