import { networkProblems } from './aws-network';
import { placeProblems } from './aws-settings';
import { SINK_SPELLINGS, twiceProblems } from './aws-spellings';
import { pluginCredentials } from './credentials';
import { joinPath } from './path';
import { describe, type ProblemList } from './problems';
import { hostProblems } from './service-address';
import { parseStreamName } from './stream-name';
import { streamProblems } from './stream-rules';
import { get, type JsonObject, textAt } from './tree';

const STREAM = 'awsKinesisStreamName';
const ARN = 'outputStreamArn';

/** Default of lingerMs in the schema. */
const LINGER_MS = 100;

/**
 * Reports what is wrong between the options of one sink. Pure; copes with values of the wrong type, so that one
 * run tells every problem.
 * @param configs As given, without defaults; shared AWS settings laid under it.
 */
export function sinkProblems(configs: JsonObject, path: string, problems: ProblemList): void {
  const at = (name: string): string => joinPath(path, name);
  outputProblems(configs, path, problems);
  placeProblems(configs, SINK_SPELLINGS, ['awsEndpoint'], path, problems);
  hostProblems(configs, ['awsEndpoint', 'awsEndpointPort'], path, problems);
  hostProblems(configs, ['awsStsEndpoint', 'awsStsPort'], path, problems);
  twiceProblems(configs, SINK_SPELLINGS, path, problems);
  networkProblems(configs, SINK_SPELLINGS, path, problems);
  pluginCredentials(configs, path, problems);
  lifetimeProblems(configs, path, problems);
  const { retryInitialDelayInMillis: first, retryMaxDelayInMillis: longest } = configs;
  if (typeof first === 'number' && typeof longest === 'number' && longest < first) {
    problems.add('CONFIG_CROSS_FIELD', at('retryMaxDelayInMillis'), {
      found: describe(longest),
      expected: `at least retryInitialDelayInMillis, ${first}`,
      hint: 'Raise retryMaxDelayInMillis or lower retryInitialDelayInMillis.',
    });
  }
}

/** A record that nothing follows would expire before it was sent for the first time. */
function lifetimeProblems(
  { recordTtl, lingerMs = LINGER_MS }: JsonObject,
  path: string,
  problems: ProblemList,
): void {
  if (typeof recordTtl === 'number' && typeof lingerMs === 'number' && recordTtl <= lingerMs) {
    problems.add('CONFIG_CROSS_FIELD', joinPath(path, 'recordTtl'), {
      found: describe(recordTtl),
      expected: `more than lingerMs, ${lingerMs}`,
      hint: 'Raise recordTtl or lower lingerMs.',
    });
  }
}

/** The stream, by name or ARN; by both when they name the same one. */
function outputProblems(configs: JsonObject, path: string, problems: ProblemList): void {
  const name = textAt(configs, STREAM);
  const arn = textAt(configs, ARN);
  if (isUnset(get(configs, STREAM)) && isUnset(get(configs, ARN))) {
    problems.add('CONFIG_MISSING', joinPath(path, STREAM), {
      found: 'nothing',
      expected: `${STREAM} or ${ARN}`,
      hint: 'Set one of them to the stream that the records go to.',
    });
  }
  streamProblems(configs, STREAM, SINK_SPELLINGS, path, problems);
  streamProblems(configs, ARN, SINK_SPELLINGS, path, problems);
  const byName = name === undefined ? undefined : parseStreamName(name);
  const byArn = arn === undefined ? undefined : parseStreamName(arn);
  const differ = byName?.arn === undefined ? byName?.name !== byArn?.name : byName.arn !== byArn?.arn;
  if (byName !== undefined && byArn !== undefined && differ) {
    problems.add('CONFIG_CROSS_FIELD', joinPath(path, ARN), {
      found: describe(arn),
      expected: `the stream that ${STREAM} names, ${describe(name)}`,
      hint: 'Keep one of the two.',
    });
  }
}

function isUnset(value: unknown): boolean {
  return value === undefined || value === '';
}
