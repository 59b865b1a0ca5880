import { usesCredentialPlugin } from './credentials';
import { joinPath } from './path';
import { describe, type ProblemList } from './problems';
import { hostUrl } from './service-address';
import { streamOf } from './stream-name';
import { get, isObject, type JsonObject, textAt } from './tree';

/** An option of the Java connector for something that `aws` holds too. */
export interface Spelling {
  readonly java: string;
  /** Path below `aws`: a setting, or a service below `endpoints`. */
  readonly ours: readonly [string] | readonly [string, string];
  /** The value of Java's option as `aws` writes it; undefined when it is not set. */
  readonly read: (configs: JsonObject) => string | number | undefined;
}

const same = (java: string, ...ours: Spelling['ours']): Spelling => ({
  java,
  ours,
  read: (configs) => scalar(get(configs, java)),
});
const host = (java: string, service: string, port = ''): Spelling => ({
  java,
  ours: ['endpoints', service],
  read: (configs) => hostUrl(textAt(configs, java), get(configs, port)),
});

const REGION = same('awsRegion', 'region');

export const SOURCE_SPELLINGS: readonly Spelling[] = [
  REGION,
  same('awsEndpoint', 'endpoints', 'kinesis'),
  same('dynamoEndpoint', 'endpoints', 'dynamodb'),
  same('cloudwatchEndpoint', 'endpoints', 'cloudwatch'),
];

export const SINK_SPELLINGS: readonly Spelling[] = [
  REGION,
  host('awsEndpoint', 'kinesis', 'awsEndpointPort'),
  host('cloudwatchEndpoint', 'cloudwatch'),
  host('awsStsEndpoint', 'sts', 'awsStsPort'),
  same('connectTimeout', 'connectTimeout'),
  same('requestTimeout', 'requestTimeout'),
];

/** A value that is set; the empty text is not, as in the Java connector. */
function scalar(value: unknown): string | number | undefined {
  return typeof value === 'number' || (typeof value === 'string' && value !== '') ? value : undefined;
}

/** A setting of `aws` in either spelling, Java's first. */
export function awsValue(configs: JsonObject, spellings: readonly Spelling[], ...ours: string[]): unknown {
  const spelling = spellings.find((it) => it.ours.join('.') === ours.join('.'));
  return spelling?.read(configs) ?? scalar(get(configs, 'aws', ...ours));
}

/** Reports the same thing said in both spellings with two values. */
export function twiceProblems(
  configs: JsonObject,
  spellings: readonly Spelling[],
  path: string,
  problems: ProblemList,
): void {
  for (const { java, ours, read } of spellings) {
    const value = read(configs);
    const other = scalar(get(configs, 'aws', ...ours));
    if (value !== undefined && other !== undefined && value !== other) {
      problems.add('CONFIG_CROSS_FIELD', joinPath(path, java), {
        found: describe(value),
        expected: `the same as aws.${ours.join('.')}, ${describe(other)}`,
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

/**
 * `configs` with the shared AWS settings under it: its own settings win, name by name, in either spelling, and
 * so does the region of an ARN.
 */
export function layUnder(
  configs: JsonObject,
  shared: JsonObject,
  spellings: readonly Spelling[],
): JsonObject {
  const own = mapping(configs.aws);
  const aws: { [name: string]: unknown } = { ...shared, ...own };
  const endpoints: { [name: string]: unknown } = { ...mapping(shared.endpoints), ...mapping(own.endpoints) };
  for (const { ours, read } of spellings) {
    if (read(configs) === undefined || scalar(get(own, ...ours)) !== undefined) {
      continue;
    }
    const [first, service] = ours;
    if (service === undefined) {
      delete aws[first];
    } else {
      delete endpoints[service];
    }
  }
  if (streamOf(configs)?.region !== undefined && textAt(own, 'region') === undefined) {
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
