import { networkSettings } from './aws-network';
import { awsValue, type Spelling } from './aws-spellings';
import { credentialPlace, credentialsOf, heldKeys, PARAM, pluginCredentials } from './credentials';
import { withDefaults } from './normalise';
import { joinPath } from './path';
import { ProblemList } from './problems';
import { regionOfStreams } from './stream-name';
import { get, type JsonObject } from './tree';
import type { AwsSettings, SubscriptionSettings } from './types';

const SERVICES = ['kinesis', 'dynamodb', 'cloudwatch', 'sts', 'secretsManager'] as const;

/**
 * Java's rule: a region, or an address of each service that is called. CloudWatch is not when the level is NONE.
 * @param services Java's names of the endpoints of the connector, without CloudWatch.
 */
export function placeProblems(
  configs: JsonObject,
  spellings: readonly Spelling[],
  services: readonly string[],
  path: string,
  problems: ProblemList,
): void {
  const region = awsValue(configs, spellings, 'region') ?? regionOfStreams(configs);
  const needed = configs.cloudwatchMetricsLevel === 'NONE' ? services : [...services, 'cloudwatchEndpoint'];
  const missing = spellings
    .filter(({ java }) => needed.includes(java))
    .filter(({ ours }) => awsValue(configs, spellings, ...ours) === undefined);
  if (region === undefined && missing.length > 0) {
    const last = needed.at(-1);
    const others = needed.slice(0, -1).join(', ');
    problems.add('CONFIG_CROSS_FIELD', joinPath(path, 'awsRegion'), {
      found: `no region, and no ${missing.map(({ java }) => java).join(', no ')}`,
      expected: `awsRegion, or ${others === '' ? last : `all of ${others} and ${last}`}`,
      hint: 'Set awsRegion, or give the ARN of the stream.',
    });
  }
}

/**
 * @param complete Valid `configs` with every default.
 * @param held `configs` as they were given, secrets still wrapped.
 */
export function awsSettings(
  complete: JsonObject,
  spellings: readonly Spelling[],
  held: unknown = complete,
): AwsSettings {
  const value = (...ours: string[]): unknown => awsValue(complete, spellings, ...ours);
  const plugin = pluginCredentials(complete, '', new ProblemList());
  const credentials = plugin === undefined ? undefined : withDefaults(plugin, credentialPlace());
  const dynamo = get(complete, 'aws', 'dynamoCredentials');
  const region = value('region') ?? regionOfStreams(complete);
  const endpoints = SERVICES.map((service) => [service, value('endpoints', service)] as const);
  return {
    region: region === undefined ? undefined : String(region),
    credentials:
      credentials === undefined
        ? credentialsOf(get(complete, 'aws', 'credentials'), get(held, 'aws', 'credentials'))
        : credentialsOf(credentials, heldKeys(get(held, PARAM))),
    ...(dynamo === undefined
      ? {}
      : { dynamoCredentials: credentialsOf(dynamo, get(held, 'aws', 'dynamoCredentials')) }),
    endpoints: Object.fromEntries(endpoints.filter(([, url]) => url !== undefined)),
    connectTimeout: Number(value('connectTimeout')),
    requestTimeout: Number(value('requestTimeout')),
    maxSockets: Number(get(complete, 'aws', 'maxSockets')),
    subscriptions: subscriptionSettings(complete, Number(value('requestTimeout'))),
    ...networkSettings(complete, held),
  };
}

function subscriptionSettings(complete: JsonObject, requestTimeout: number): SubscriptionSettings {
  const number = (name: string): number => Number(get(complete, 'aws', name));
  return {
    protocol: get(complete, 'aws', 'subscribeProtocol') as SubscriptionSettings['protocol'],
    // A sink has none.
    idleTimeout: Number(get(complete, 'efoEventTimeout') ?? requestTimeout),
    windowBytes: number('subscriptionWindow'),
    perConnection: number('subscriptionsPerConnection'),
    pingInterval: number('subscriptionPingInterval'),
  };
}
