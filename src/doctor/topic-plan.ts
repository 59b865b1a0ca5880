import type { LoadedConfig } from '../config';
import { fullTopicName } from '../pulsar/protocol';
import { outputOf } from '../source/output';
import type { Clock } from '../util/clock';
import { type Check, skipped } from './check';
import type { ExaminedStream } from './examined-stream';
import { ExaminedTopic } from './examined-topic';
import { LOGIN } from './login-check';
import type { PulsarReach } from './pulsar-reach';
import type { SinkSubject, SourceSubject, Subject } from './subject';
import { subscriptionCheck } from './subscription-checks';
import { deduplicationCheck, findCheck, producerCheck, schemaCheck } from './topic-checks';

export interface TopicOptions {
  readonly opensProducers: boolean;
  readonly parts: { readonly clock: Clock };
}

/** What is looked at of the topics of one connector. */
export function topicChecks(
  subject: Subject,
  streams: readonly ExaminedStream[],
  pulsar: PulsarReach,
  options: TopicOptions,
): Check[] {
  return subject.kind === 'source'
    ? outputChecks(subject, streams, pulsar, options)
    : inputChecks(subject, pulsar);
}

/** `tenant/namespace` of the first topic of a connector. */
export function namespaceOf(
  definition: LoadedConfig['sources'][number] | LoadedConfig['sinks'][number] | undefined,
): string {
  const topic = definition && ('topicName' in definition ? definition.topicName : definition.inputs[0]);
  const full = topic === undefined ? '' : fullTopicName(topic);
  return /^[^:]+:\/\/([^/]+\/[^/]+)\//.exec(full)?.[1] ?? 'public/default';
}

function outputChecks(
  { group, definition, config }: SourceSubject,
  streams: readonly ExaminedStream[],
  pulsar: PulsarReach,
  { opensProducers, parts }: TopicOptions,
): Check[] {
  const { topicName, processingGuarantees, producer: settings } = definition;
  const { deadLetterTopic, onError, outputFormat, enableDeduplication } = config;
  const { schema } = outputOf(outputFormat);
  const largest = (): number | undefined => {
    const known = streams.flatMap(({ description }) => description?.maxRecordBytes ?? []);
    return known.length === 0 ? undefined : Math.max(...known);
  };
  const letters = onError === 'dlq' && deadLetterTopic !== undefined ? [deadLetterTopic] : [];
  const output = checksOf(group, topicName, pulsar, (topic) => [
    ...(opensProducers ? [producerCheck(topic, { settings, schema, largest })] : []),
    ...(schema.type === 'BYTES' ? [] : [schemaCheck(topic, schema)]),
    ...(processingGuarantees === 'EFFECTIVELY_ONCE'
      ? [deduplicationCheck(topic, enableDeduplication, parts.clock)]
      : []),
  ]);
  return [...output, ...letters.flatMap((topic) => deadLetterChecks(group, topic, pulsar))];
}

function inputChecks({ group, definition }: SinkSubject, pulsar: PulsarReach): Check[] {
  const { inputs, deadLetterTopic } = definition;
  const letters = deadLetterTopic === undefined ? [] : [deadLetterTopic];
  return [
    ...inputs.flatMap((name) =>
      checksOf(group, name, pulsar, (topic) => [subscriptionCheck(topic, definition)]),
    ),
    ...letters.flatMap((topic) => deadLetterChecks(group, topic, pulsar)),
  ];
}

function checksOf(
  group: string,
  name: string,
  pulsar: PulsarReach,
  more: (topic: ExaminedTopic) => readonly Check[],
): Check[] {
  if (name.includes('${')) {
    return [templateCheck(group, name)];
  }
  const topic = new ExaminedTopic(group, name, pulsar);
  return [findCheck(topic, [LOGIN]), ...more(topic)];
}

function deadLetterChecks(group: string, name: string, pulsar: PulsarReach): Check[] {
  return checksOf(group, name, pulsar, () => []).map((check) => ({
    ...check,
    key: `${check.key} dead letters`,
    id: 'topic.dead-letters',
    title: `dead letters ${name}`,
  }));
}

function templateCheck(group: string, name: string): Check {
  return {
    key: `${group} topic ${name}`,
    id: 'topic.find',
    group,
    title: `topic ${name}`,
    run: async () => skipped('each shard chooses its topic'),
  };
}
