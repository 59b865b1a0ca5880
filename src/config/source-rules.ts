import { networkProblems } from './aws-network';
import { placeProblems } from './aws-settings';
import { SOURCE_SPELLINGS, twiceProblems } from './aws-spellings';
import { pluginCredentials } from './credentials';
import { retrievalProblems } from './fan-out-settings';
import { parseInstant } from './instant';
import { leaseTableProblems } from './lease-table-settings';
import { joinPath } from './path';
import { describe, type ProblemList } from './problems';
import { propertyProblems } from './record-properties';
import { meansSeveralStreams } from './stream-name';
import { severalStreamsProblems, streamProblems } from './stream-rules';
import { topicProblems } from './topic-template';
import { type JsonObject, textAt } from './tree';

/**
 * Reports what is wrong between the options of one source. Pure; copes with values of the wrong type, so that
 * one run tells every problem.
 * @param configs As given, without defaults; shared AWS settings laid under it.
 * @param now Milliseconds since the epoch.
 */
export function sourceProblems(configs: JsonObject, path: string, now: number, problems: ProblemList): void {
  const at = (name: string): string => joinPath(path, name);
  if (meansSeveralStreams(configs.awsKinesisStreamName)) {
    severalStreamsProblems(configs, path, problems);
  } else {
    streamProblems(configs, 'awsKinesisStreamName', SOURCE_SPELLINGS, path, problems);
  }
  placeProblems(configs, SOURCE_SPELLINGS, ['awsEndpoint', 'dynamoEndpoint'], path, problems);
  startProblems(configs, at('startAtTime'), now, problems);
  leaseTableProblems(configs, path, problems);
  retrievalProblems(configs, path, problems);
  propertyProblems(configs.kinesisRecordProperties, at('kinesisRecordProperties'), problems);
  topicProblems(textAt(configs, 'deadLetterTopic'), at('deadLetterTopic'), true, problems);
  if (configs.onError === 'dlq' && textAt(configs, 'deadLetterTopic') === undefined) {
    problems.add('CONFIG_CROSS_FIELD', at('onError'), {
      found: '"dlq", without a dead-letter topic',
      expected: 'deadLetterTopic beside it',
      hint: 'Set deadLetterTopic.',
    });
  }
  twiceProblems(configs, SOURCE_SPELLINGS, path, problems);
  networkProblems(configs, SOURCE_SPELLINGS, path, problems);
  pluginCredentials(configs, path, problems);
  const { backoffTime, maxBackoffTime } = configs;
  if (typeof backoffTime === 'number' && typeof maxBackoffTime === 'number' && maxBackoffTime < backoffTime) {
    problems.add('CONFIG_CROSS_FIELD', at('maxBackoffTime'), {
      found: describe(maxBackoffTime),
      expected: `at least backoffTime, ${backoffTime}`,
      hint: 'Raise maxBackoffTime or lower backoffTime.',
    });
  }
}

function startProblems(configs: JsonObject, path: string, now: number, problems: ProblemList): void {
  const { initialPositionInStream: position, startAtTime: start } = configs;
  if (start === undefined || start === '') {
    if (position === 'AT_TIMESTAMP') {
      problems.add('CONFIG_MISSING', path, {
        found: 'nothing',
        expected: 'an instant, because initialPositionInStream is AT_TIMESTAMP',
        hint: 'Set startAtTime, for example 2024-05-01T00:00:00Z.',
      });
    }
    return;
  }
  if (typeof start !== 'string' && typeof start !== 'number') {
    return;
  }
  const instant = parseInstant(start);
  if (instant === undefined) {
    problems.add('CONFIG_FORMAT', path, {
      found: describe(start),
      expected: 'epoch milliseconds or ISO-8601',
      hint: 'For example 2024-05-01T00:00:00Z.',
    });
  } else if (position !== 'AT_TIMESTAMP') {
    problems.add('CONFIG_CROSS_FIELD', path, {
      found: describe(start),
      expected: 'initialPositionInStream AT_TIMESTAMP beside it',
      hint: 'Set initialPositionInStream to AT_TIMESTAMP, or remove startAtTime.',
    });
  } else if (instant > now) {
    problems.add('CONFIG_RANGE', path, {
      found: describe(start),
      expected: 'an instant that has passed',
      hint: 'Records cannot be read from the future; LATEST starts now.',
    });
  }
}
