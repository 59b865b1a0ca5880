import { awsValue, type Spelling } from './aws-spellings';
import { joinPath } from './path';
import { get, type JsonObject, textAt } from './tree';
import type { CloudWatchMetricsLevel, CloudWatchSettings, ConfigNotice } from './types';

/**
 * Whether metrics stay at home because nothing but endpoints says where AWS is: an emulator has no account
 * there, and a test must not reach out to one.
 */
function staysQuiet(configs: JsonObject, spellings: readonly Spelling[]): boolean {
  const endpoint = (service: string): unknown => awsValue(configs, spellings, 'endpoints', service);
  const services = spellings
    .map(({ ours: [, service] }) => service)
    .filter((service) => service === 'kinesis' || service === 'dynamodb');
  return (
    get(configs, 'cloudwatchMetricsLevel') === undefined &&
    endpoint('cloudwatch') === undefined &&
    services.some((service) => endpoint(service) !== undefined)
  );
}

/** The level that takes effect; undefined leaves it to the schema. */
export function effectiveLevel(
  configs: JsonObject,
  spellings: readonly Spelling[],
): CloudWatchMetricsLevel | undefined {
  return staysQuiet(configs, spellings) ? 'NONE' : undefined;
}

export function quietNotice(
  configs: JsonObject,
  spellings: readonly Spelling[],
  path: string,
  notices: ConfigNotice[],
): void {
  if (staysQuiet(configs, spellings)) {
    const message =
      'not set: no metrics are published, because there are endpoints but none of CloudWatch; set it, or cloudwatchEndpoint';
    notices.push({ path: joinPath(path, 'cloudwatchMetricsLevel'), message });
  }
}

/** @param complete Valid `configs` with every default. */
export function cloudWatchSettings(complete: JsonObject): CloudWatchSettings {
  return {
    level: complete.cloudwatchMetricsLevel as CloudWatchMetricsLevel,
    namespace: textAt(complete, 'cloudwatchNamespace') ?? '',
    interval: Number(complete.cloudwatchInterval),
  };
}
