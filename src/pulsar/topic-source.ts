import { TopicsPattern } from '../config/topics-pattern';
import { ConnectorError } from '../errors';
import { fullTopicName, partitionName } from './protocol';

/** Which topics a consumer of several reads, as the broker tells. */
export interface TopicSource {
  /** What the consumer is called by: the full name of the partitioned topic, or the pattern. */
  readonly name: string;
  /** Milliseconds between two looks; 0: never again. */
  readonly intervalMs: number;
  /** Whether a topic that is not there any more is let go of. */
  readonly forgets: boolean;
  /** Full names. */
  topics(): Promise<readonly string[]>;
}

/** The partitions of `topic`; there may only become more. */
export function partitionsOf(
  topic: string,
  intervalMs: number,
  partitions: () => Promise<number>,
): TopicSource {
  const name = fullTopicName(topic);
  return {
    name,
    intervalMs,
    forgets: false,
    topics: async () => {
      const length = await partitions();
      if (length === 0) {
        // Nobody would ever read the topic that stands there now.
        throw new ConnectorError('PULSAR_PARTITIONS_CHANGED', `${name} has no partitions any more`);
      }
      return Array.from({ length }, (_, i) => partitionName(name, i));
    },
  };
}

/**
 * Topics that match `pattern`, but for those a sink writes to itself: it would read its own dead letters.
 * @param topicsOf gives the topics of a namespace.
 * @throws Error when it is no pattern.
 */
export function topicsMatching(
  pattern: string,
  intervalMs: number,
  topicsOf: (namespace: string) => Promise<readonly string[]>,
  excluded: (topic: string) => boolean,
): TopicSource {
  const parsed = new TopicsPattern(pattern);
  return {
    name: pattern,
    intervalMs,
    forgets: true,
    topics: async () =>
      (await topicsOf(parsed.namespace)).filter((topic) => parsed.matches(topic) && !excluded(topic)),
  };
}
