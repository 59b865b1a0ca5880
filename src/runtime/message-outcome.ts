import { fullName } from '../config/topic';
import type { SinkDefinition } from '../config/types';
import { ConnectorError } from '../errors';
import type { ProcessingGuarantees } from '../io';

/**
 * What becomes of a message that the sink failed:
 * - `REDELIVER`: it is negatively acknowledged.
 * - `DEAD_LETTER`: it goes to the dead-letter topic.
 * - `END`: the instance ends, and the message stays unacknowledged.
 * - `DROP`: nothing; it was acknowledged before the sink had it.
 */
export type MessageOutcome = 'REDELIVER' | 'DEAD_LETTER' | 'END' | 'DROP';

export interface FailurePolicy {
  readonly guarantee: ProcessingGuarantees;
  /** Where hopeless messages go; without one they end the instance. */
  readonly deadLetterTopic: string | undefined;
  /** Deliveries after the first before a message counts as hopeless; without end when undefined. */
  readonly maxMessageRetries: number | undefined;
}

/**
 * @param redeliveries How often the message was delivered before.
 * Source: Pulsar's PulsarSource (EFFECTIVELY_ONCE ends at a failure) and ConsumerImpl (a message is dead when it
 * fails with `redeliveryCount` at the limit); a cause that cannot heal does not wait for the limit.
 */
export function messageOutcome(cause: Error, redeliveries: number, policy: FailurePolicy): MessageOutcome {
  const { guarantee, deadLetterTopic, maxMessageRetries = Number.POSITIVE_INFINITY } = policy;
  if (guarantee === 'EFFECTIVELY_ONCE') {
    return 'END';
  }
  const hopeless = cause instanceof ConnectorError && !cause.retryable;
  if (guarantee === 'ATMOST_ONCE') {
    return hopeless && deadLetterTopic !== undefined ? 'DEAD_LETTER' : 'DROP';
  }
  if (!hopeless && redeliveries < maxMessageRetries) {
    return 'REDELIVER';
  }
  return deadLetterTopic === undefined ? 'END' : 'DEAD_LETTER';
}

/** Whether a message with a cause that cannot heal ends the instance. */
export function failureEnds(
  definition: Pick<SinkDefinition, 'processingGuarantees' | 'deadLetterTopic' | 'maxMessageRetries'>,
): boolean {
  const { processingGuarantees: guarantee, deadLetterTopic, maxMessageRetries } = definition;
  const hasDeadLetterTopic = deadLetterTopic !== undefined || maxMessageRetries !== undefined;
  return guarantee === 'EFFECTIVELY_ONCE' || (guarantee === 'ATLEAST_ONCE' && !hasDeadLetterTopic);
}

/** Whether a sink writes dead letters to `topic`, which no pattern of its inputs may mean. */
export function isDeadLetterTopic(
  topic: string,
  { subscriptionName, deadLetterTopic }: Pick<SinkDefinition, 'subscriptionName' | 'deadLetterTopic'>,
): boolean {
  const name = topic.replace(/-partition-\d+$/, '');
  return deadLetterTopic === undefined
    ? name.endsWith(`-${subscriptionName}-DLQ`)
    : name === fullName(deadLetterTopic);
}

/**
 * The topic that the hopeless messages of `topic` go to; undefined when there is none.
 * Source: Pulsar DeadLetterPolicy, `<topic>-<subscription>-DLQ` when only the number of retries is given.
 * @param topic A full name.
 */
export function deadLetterTopicOf(
  topic: string,
  subscription: string,
  { deadLetterTopic, maxMessageRetries }: Partial<Omit<FailurePolicy, 'guarantee'>>,
): string | undefined {
  if (deadLetterTopic !== undefined || maxMessageRetries === undefined) {
    return deadLetterTopic;
  }
  return `${topic}-${subscription}-DLQ`;
}
