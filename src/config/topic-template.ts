import { describe, type ProblemList } from './problems';

/** What a topic may name of a record. These hold nothing but letters, digits, "_", "-" and ".", as Kinesis has it. */
const VALUES = ['stream', 'shardId'] as const;

export type TopicValues = { readonly [name in (typeof VALUES)[number]]: string };

const VALUE = /\$\{([^}]*)\}?/g;

/** @param template Without `topicProblems`. */
export function fillTopic(template: string, values: TopicValues): string {
  return template.replace(VALUE, (_, name: keyof TopicValues) => values[name]);
}

/** Where records of those values go; undefined when `topic` is the same for all records. */
export function topicOf(topic: string, values: TopicValues): string | undefined {
  return topic.includes('${') ? fillTopic(topic, values) : undefined;
}

/** Reports names in `topic` that stand for nothing. @param kinesis Whether its records come from Kinesis */
export function topicProblems(
  topic: string | undefined,
  path: string,
  kinesis: boolean,
  problems: ProblemList,
): void {
  const known: readonly string[] = kinesis ? VALUES : [];
  for (const [whole, name = ''] of topic?.matchAll(VALUE) ?? []) {
    if (known.includes(name) && whole.endsWith('}')) {
      continue;
    }
    const hint = kinesis
      ? 'Only what is the same for all records of a shard may choose the topic: a topic a key would be one producer a key.'
      : 'A source of your own names the topic of a record in its destinationTopic.';
    problems.add('CONFIG_REFERENCE', path, {
      found: describe(whole),
      expected: kinesis
        ? VALUES.map((value) => `\${${value}}`).join(' or ')
        : 'a topic without values of records',
      hint,
    });
  }
}
