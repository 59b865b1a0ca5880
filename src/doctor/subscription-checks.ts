import type { SinkDefinition } from '../config';
import { type Check, type Finding, ok, skipped } from './check';
import { type ExaminedTopic, ifShown } from './examined-topic';
import { count } from './words';

type Wanted = Pick<SinkDefinition, 'subscriptionName' | 'subscriptionType' | 'sourceSubscriptionPosition'>;

/** Whether the subscription of a sink fits; asked by REST: a consumer would take messages from others. */
export function subscriptionCheck(topic: ExaminedTopic, wanted: Wanted): Check {
  const { pulsar } = topic;
  return {
    key: topic.key('subscription'),
    id: 'topic.subscription',
    group: topic.group,
    title: `subscription ${wanted.subscriptionName}`,
    needs: [topic.key('find')],
    run: async () => {
      const why = topic.absence ?? (pulsar.admin ? undefined : 'only pulsar.adminUrl shows it');
      if (why !== undefined) {
        return skipped(why);
      }
      const isPartitioned = (topic.found?.partitions ?? 0) > 0;
      const path = isPartitioned ? '/partitioned-stats?perPartition=false' : '/stats';
      return ifShown(async () => {
        const stats = await pulsar.ask(topic.name, path);
        const subscriptions = stats?.subscriptions as { readonly [name: string]: unknown } | undefined;
        return judgeSubscription(subscriptions?.[wanted.subscriptionName], wanted);
      });
    },
  };
}

/** @param found of the answer of the REST API; undefined when there is no such subscription */
export function judgeSubscription(found: unknown, wanted: Wanted): Finding {
  const { subscriptionType, sourceSubscriptionPosition: position } = wanted;
  if (typeof found !== 'object' || found === null) {
    return ok(`there is none yet: it is created ${subscriptionType}, at the ${position} message`);
  }
  const { type, msgBacklog, consumers } = found as { readonly [name: string]: unknown };
  const others = Array.isArray(consumers) ? consumers.length : 0;
  const words = `${String(type)}, ${Number(msgBacklog)} messages to come, ${count(others, 'consumer')}`;
  if (others > 0 && type !== subscriptionType) {
    return {
      verdict: 'failed',
      code: 'PULSAR_SUBSCRIPTION_MISMATCH',
      found: words,
      expected: subscriptionType,
      hint: 'Use another sourceSubscriptionName, or stop its consumers.',
    };
  }
  return ok(words);
}
