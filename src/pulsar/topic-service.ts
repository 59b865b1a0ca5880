import { consumerSettings } from '../config/consumer-settings';
import { ConnectorError, messageOf } from '../errors';
import type { Clock } from '../util/clock';
import type { Logger } from '../util/logger';
import type { Random } from '../util/random';
import type { ReceiverLimits } from './protocol';
import { partitionsOf, type TopicSource, topicsMatching } from './topic-source';
import { type TopicConsumer, TopicsConsumer } from './topics-consumer';
import type { Consumer, ConsumerOptions } from './transport';

/** What a transport can do with single topics, of which consumers of partitioned topics and of patterns are made. */
export interface TopicService {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** How many a topic has; 0: it is not partitioned. @throws ConnectorError */
  partitions(topic: string): Promise<number>;
  /** Full names of the persistent topics of `tenant/namespace`, each partition by itself. @throws ConnectorError */
  topics(namespace: string): Promise<readonly string[]>;
  /**
   * A consumer of one topic or partition. @throws ConnectorError
   * @param limits of its own, which may change.
   * @param ready is called when its `poll` may give something, or throw.
   */
  open(topic: string, limits: ReceiverLimits, ready: () => void): Promise<TopicConsumer>;
  /** A consumer of several topics stands from now on until `closed` is called with it. */
  opened(consumer: TopicsConsumer): unknown;
  closed(consumer: TopicsConsumer): unknown;
}

/** A consumer of a topic, of its partitions, or of the topics that match a pattern. @throws ConnectorError */
export async function subscribeTo(options: ConsumerOptions, service: TopicService): Promise<Consumer> {
  const limits = { messages: options.receiverQueueSize, bytes: options.receiverQueueBytes };
  const source = await sourceOf(options, service);
  if (source === undefined) {
    return service.open(options.topic, limits, () => undefined);
  }
  const consumer = await TopicsConsumer.open({
    clock: service.clock,
    random: service.random,
    logger: service.logger,
    source,
    limits,
    open: (topic, share, ready) => service.open(topic, share, ready),
    closed: (closed) => service.closed(closed),
  });
  service.opened(consumer);
  return consumer;
}

async function sourceOf(options: ConsumerOptions, service: TopicService): Promise<TopicSource | undefined> {
  const { topic, isPattern = false, settings = consumerSettings() } = options;
  if (isPattern) {
    const { excluded = () => false } = options;
    try {
      const topicsOf = (namespace: string) => service.topics(namespace);
      return topicsMatching(topic, settings.patternAutoDiscoveryPeriod, topicsOf, excluded);
    } catch (error) {
      throw new ConnectorError(
        'PULSAR_TOPIC_INVALID',
        `'${topic}' is no pattern of topics: ${messageOf(error)}`,
      );
    }
  }
  const partitions = (): Promise<number> => service.partitions(topic);
  return (await partitions()) === 0
    ? undefined
    : partitionsOf(topic, settings.autoUpdatePartitionsInterval, partitions);
}
