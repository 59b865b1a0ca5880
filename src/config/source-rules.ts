import { pluginCredentials, usesCredentialPlugin } from './credentials';
import { parseInstant } from './instant';
import { joinPath } from './path';
import { describe, type ProblemList } from './problems';
import { propertyProblems } from './record-properties';
import { meansSeveralStreams, parseStreamName } from './stream-name';
import { get, isObject, type JsonObject, textAt } from './tree';

/** Java's names of what `aws` holds too. */
const JAVA_NAMES: readonly (readonly [string, readonly string[]])[] = [
  ['awsRegion', ['region']],
  ['awsEndpoint', ['endpoints', 'kinesis']],
  ['dynamoEndpoint', ['endpoints', 'dynamodb']],
  ['cloudwatchEndpoint', ['endpoints', 'cloudwatch']],
];

/**
 * Reports what is wrong between the options of one source. Pure; copes with values of the wrong type, so that
 * one run tells every problem.
 * @param configs As given, without defaults; shared AWS settings laid under it.
 * @param now Milliseconds since the epoch.
 */
export function sourceProblems(configs: JsonObject, path: string, now: number, problems: ProblemList): void {
  const at = (name: string): string => joinPath(path, name);
  streamProblems(configs, at('awsKinesisStreamName'), problems);
  placeProblems(configs, at('awsRegion'), problems);
  startProblems(configs, at('startAtTime'), now, problems);
  propertyProblems(configs.kinesisRecordProperties, at('kinesisRecordProperties'), problems);
  twiceProblems(configs, path, problems);
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

function streamProblems(configs: JsonObject, path: string, problems: ProblemList): void {
  const stream = configs.awsKinesisStreamName;
  if (meansSeveralStreams(stream)) {
    problems.add('NOT_AVAILABLE_YET', path, {
      found: describe(stream),
      expected: 'name or ARN of one stream',
      hint: 'Several streams in one source come with a later version; give each a source of its own.',
    });
    return;
  }
  if (typeof stream !== 'string') {
    return;
  }
  const parsed = parseStreamName(stream);
  if (parsed === undefined) {
    problems.add('CONFIG_FORMAT', path, {
      found: describe(stream),
      expected:
        'a name (1 to 128 letters, digits, "_", "-", "."), or arn:aws:kinesis:REGION:ACCOUNT:stream/NAME',
      hint: 'Copy name or ARN from the stream.',
    });
    return;
  }
  const region = textAt(configs, 'awsRegion') ?? textAt(configs, 'aws', 'region');
  if (parsed.region !== undefined && region !== undefined && region !== parsed.region) {
    problems.add('CONFIG_CROSS_FIELD', path, {
      found: `a stream in ${parsed.region}`,
      expected: `a stream in ${region}, the region configured`,
      hint: 'Leave the region out: the ARN gives it.',
    });
  }
}

/** Java's rule: a region, or an endpoint for each of the three services. */
function placeProblems(configs: JsonObject, path: string, problems: ProblemList): void {
  const stream = configs.awsKinesisStreamName;
  const ofArn = typeof stream === 'string' ? parseStreamName(stream)?.region : undefined;
  const region = get(configs, 'awsRegion') || get(configs, 'aws', 'region') || ofArn;
  const missing = JAVA_NAMES.slice(1).filter(
    ([name, inAws]) => !get(configs, name) && !get(configs, 'aws', ...inAws),
  );
  if (!region && missing.length > 0) {
    problems.add('CONFIG_CROSS_FIELD', path, {
      found: `no region, and no ${missing.map(([name]) => name).join(', no ')}`,
      expected: 'awsRegion, or all of awsEndpoint, dynamoEndpoint and cloudwatchEndpoint',
      hint: 'Set awsRegion, or give the ARN of the stream.',
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

/** The same thing said in two ways with two values. */
function twiceProblems(configs: JsonObject, path: string, problems: ProblemList): void {
  for (const [name, inAws] of JAVA_NAMES) {
    const java = textAt(configs, name);
    const ours = textAt(configs, 'aws', ...inAws);
    if (java !== undefined && ours !== undefined && java !== ours) {
      problems.add('CONFIG_CROSS_FIELD', joinPath(path, name), {
        found: describe(java),
        expected: `the same as aws.${inAws.join('.')}, ${describe(ours)}`,
        hint: 'Keep one of the two.',
      });
    }
  }
  if (usesCredentialPlugin(configs) && get(configs, 'aws', 'credentials') !== undefined) {
    problems.add('CONFIG_CROSS_FIELD', joinPath(path, 'awsCredentialPluginName'), {
      found: 'a credential plugin',
      expected: 'either the plugin or aws.credentials',
      hint: 'Keep one of the two.',
    });
  }
}

/** `configs` with the shared AWS settings under it: its own settings win, name by name, in either spelling. */
export function layUnder(configs: JsonObject, shared: JsonObject): JsonObject {
  const own = mapping(configs.aws);
  const aws: { [name: string]: unknown } = { ...shared, ...own };
  const endpoints: { [name: string]: unknown } = { ...mapping(shared.endpoints), ...mapping(own.endpoints) };
  for (const [name, [first = '', second]] of JAVA_NAMES) {
    if (textAt(configs, name) === undefined) {
      continue;
    }
    if (second === undefined && textAt(own, first) === undefined) {
      delete aws[first];
    } else if (second !== undefined && textAt(own, first, second) === undefined) {
      delete endpoints[second];
    }
  }
  const stream = configs.awsKinesisStreamName;
  const ofArn = typeof stream === 'string' ? parseStreamName(stream)?.region : undefined;
  if (ofArn !== undefined && textAt(own, 'region') === undefined) {
    delete aws.region;
  }
  if (usesCredentialPlugin(configs) && get(own, 'credentials') === undefined) {
    delete aws.credentials;
  }
  return { ...configs, aws: Object.keys(endpoints).length > 0 ? { ...aws, endpoints } : aws };
}

/** What is no mapping has its problem already. */
function mapping(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}
