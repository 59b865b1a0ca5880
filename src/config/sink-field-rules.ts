import { joinPath } from './path';
import { describe, type ProblemList } from './problems';
import { inputProblems, sinkInputs } from './sink-inputs';
import { guarantee, subscriptionType } from './sink-subscription';
import { fullName } from './topic';
import { type JsonObject, textAt } from './tree';
import type { ConfigNotice } from './types';

/**
 * Reports what is wrong between the Pulsar fields of one sink, whatever its class. Copes with values of the wrong
 * type. Source: SinkConfigUtils.validateAndExtractDetails.
 */
export function sinkFieldProblems(
  sink: JsonObject,
  path: string,
  problems: ProblemList,
  notices: ConfigNotice[],
): void {
  inputProblems(sink, path, problems, notices);
  orderProblems(sink, path, problems);
  retryProblems(sink, path, problems, notices);
  if (sink.timeoutMs !== undefined && guarantee(sink) !== 'ATLEAST_ONCE') {
    problems.add('CONFIG_CROSS_FIELD', joinPath(path, 'timeoutMs'), {
      found: `${describe(sink.timeoutMs)}, with ${guarantee(sink)}`,
      expected: 'processingGuarantees ATLEAST_ONCE beside it',
      hint: 'Remove timeoutMs.',
    });
  }
  if (subscriptionType(sink) === 'Failover' && Number(sink.parallelism) > 1) {
    const message = 'on a Failover subscription one instance at a time reads each topic; the others stand by';
    notices.push({ path: joinPath(path, 'parallelism'), message });
  }
  if (sink.cleanupSubscription === true) {
    const message =
      'a stop does not delete the subscription: only sinks localrun --cleanup-subscription does, after a drained end';
    notices.push({ path: joinPath(path, 'cleanupSubscription'), message });
  }
}

function orderProblems(sink: JsonObject, path: string, problems: ProblemList): void {
  if (sink.retainKeyOrdering !== true) {
    return;
  }
  const at = joinPath(path, 'retainKeyOrdering');
  if (sink.retainOrdering === true) {
    problems.add('CONFIG_CROSS_FIELD', at, {
      found: 'true, beside retainOrdering',
      expected: 'one of the two',
      hint: 'Keep retainOrdering for the order of all messages, retainKeyOrdering for the order per key.',
    });
  } else if (guarantee(sink) === 'EFFECTIVELY_ONCE') {
    problems.add('CONFIG_CROSS_FIELD', at, {
      found: 'true, with EFFECTIVELY_ONCE',
      expected: 'ATLEAST_ONCE or ATMOST_ONCE beside it',
      hint: 'Remove retainKeyOrdering: EFFECTIVELY_ONCE keeps the order of all messages.',
    });
  }
}

function retryProblems(sink: JsonObject, path: string, problems: ProblemList, notices: ConfigNotice[]): void {
  const { maxMessageRetries } = sink;
  if (maxMessageRetries !== undefined && guarantee(sink) === 'EFFECTIVELY_ONCE') {
    problems.add('CONFIG_CROSS_FIELD', joinPath(path, 'maxMessageRetries'), {
      found: `${describe(maxMessageRetries)}, with EFFECTIVELY_ONCE`,
      expected: 'ATLEAST_ONCE beside it',
      hint: 'Remove maxMessageRetries: with EFFECTIVELY_ONCE nothing is redelivered while the sink runs.',
    });
  }
  const topic = textAt(sink, 'deadLetterTopic');
  if (topic === undefined) {
    return;
  }
  const at = joinPath(path, 'deadLetterTopic');
  if (guarantee(sink) === 'EFFECTIVELY_ONCE') {
    problems.add('CONFIG_CROSS_FIELD', at, {
      found: `${describe(topic)}, with EFFECTIVELY_ONCE`,
      expected: 'ATLEAST_ONCE or ATMOST_ONCE beside it',
      hint: 'Remove deadLetterTopic: with EFFECTIVELY_ONCE a message that fails ends the sink.',
    });
    return;
  }
  if (sinkInputs(sink).some((input) => input.fullName === fullName(topic))) {
    problems.add('CONFIG_CROSS_FIELD', at, {
      found: `${describe(topic)}, an input`,
      expected: 'a topic that is no input of the sink',
      hint: 'What fails would come back for ever: name another topic.',
    });
  }
  if (maxMessageRetries === undefined) {
    const message =
      'without maxMessageRetries it takes only messages whose record can never be stored (the Java runtime refuses that)';
    notices.push({ path: at, message });
  }
}

/** Reports options of a Kinesis sink that ask for more than its Pulsar fields give. */
export function sinkOptionProblems(
  sink: JsonObject,
  configs: JsonObject,
  path: string,
  problems: ProblemList,
): void {
  if (configs.retainOrdering === true && !keepsOrder(sink, configs)) {
    problems.add('CONFIG_CROSS_FIELD', joinPath(path, 'retainOrdering'), {
      found: 'true, on a subscription that gives messages in any order',
      expected:
        'retainOrdering true beside configs, or retainKeyOrdering true beside configs with partitionColumn key',
      hint: 'Set retainOrdering beside configs as well: then the sink reads on a Failover subscription.',
    });
  }
  if (
    configs.onError === 'dlq' &&
    sink.deadLetterTopic === undefined &&
    sink.maxMessageRetries === undefined
  ) {
    problems.add('CONFIG_CROSS_FIELD', joinPath(path, 'onError'), {
      found: '"dlq", without a dead-letter topic',
      expected: 'deadLetterTopic or maxMessageRetries beside configs',
      hint: 'Set deadLetterTopic beside configs.',
    });
  }
}

/** Failover keeps the order of all messages; Key_Shared that of each message key, so the key must decide. */
function keepsOrder(sink: JsonObject, configs: JsonObject): boolean {
  const type = subscriptionType(sink);
  return type === 'Failover' || (type === 'Key_Shared' && configs.partitionColumn === 'key');
}
