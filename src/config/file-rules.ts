import { sensitiveOptions } from './kinesis-source-config';
import { joinPath } from './path';
import { describe, type ProblemList } from './problems';
import { didYouMean } from './suggestion';
import { isObject, type JsonObject, textAt } from './tree';
import type { ConfigNotice } from './types';

/** `configs` with the application name of a source in a list that has none: `<tenant>-<namespace>-<name>`. */
export function named(source: JsonObject, configs: JsonObject): JsonObject {
  const { tenant = 'public', namespace = 'default', name } = source;
  const unnamed = textAt(configs, 'applicationName') === undefined && typeof name === 'string';
  return unnamed ? { ...configs, applicationName: `${tenant}-${namespace}-${name}` } : configs;
}

/** The name of a connector may hold characters that a lease table may not. */
export function derivedNameProblem(configs: JsonObject, path: string, problems: ProblemList): void {
  const name = textAt(configs, 'applicationName');
  if (
    name !== undefined &&
    textAt(configs, 'leaseTableName') === undefined &&
    !/^[\w.-]{3,255}$/.test(name)
  ) {
    problems.add('CONFIG_FORMAT', joinPath(path, 'applicationName'), {
      found: `${describe(name)}, made of tenant, namespace and name`,
      expected: '3 to 255 letters, digits, "_", "-" or "." (it names a DynamoDB table)',
      hint: 'Set applicationName.',
    });
  }
}

export function applicationNotice(configs: JsonObject, path: string, notices: ConfigNotice[]): void {
  if (textAt(configs, 'applicationName') === undefined) {
    const message =
      'not set: pulsar-kinesis, as in the Java connector; two connectors with that default share one lease table';
    notices.push({ path: joinPath(path, 'applicationName'), message });
  }
}

export function topicNotice(source: JsonObject, path: string, notices: ConfigNotice[]): void {
  if (textAt(source, 'topicName')?.startsWith('non-persistent://') === true) {
    const message = 'a non-persistent topic confirms what it does not keep: records can be lost';
    notices.push({ path: `${path}.topicName`, message });
  }
}

export function fanOutNotice(configs: JsonObject, path: string, notices: ConfigNotice[]): void {
  if (configs.useEnhancedFanOut === undefined && configs.retrievalMode === undefined) {
    const message = 'not set: records are read by polling until enhanced fan-out is available';
    notices.push({ path: `${path}.useEnhancedFanOut`, message });
  }
}

export function secretNotices(source: JsonObject, path: string, notices: ConfigNotice[]): void {
  const sensitive = sensitiveOptions();
  for (const name of Object.keys(isObject(source.secrets) ? source.secrets : {})) {
    if (!sensitive.includes(name)) {
      const hint = didYouMean(name, sensitive, `Sensitive options are ${sensitive.join(', ')}.`);
      notices.push({
        path: `${path}.secrets.${name}`,
        message: `no sensitive option has this name. ${hint}`,
      });
    }
  }
}

/** Two sources of one name, or two that would share a lease table. */
export function twinProblems(sources: unknown, problems: ProblemList): void {
  const seen = new Map<string, number>();
  const claim = (key: string, i: number, path: string, expected: string): void => {
    const first = seen.get(key);
    if (first === undefined) {
      seen.set(key, i);
      return;
    }
    const hint = `sources[${first}] has it already.`;
    problems.add('CONFIG_CROSS_FIELD', path, { found: 'a value used twice', expected, hint });
  };
  for (const [i, source] of (Array.isArray(sources) ? sources : []).entries()) {
    const { tenant = 'public', namespace = 'default', name, configs } = isObject(source) ? source : {};
    const table = textAt(configs, 'leaseTableName') ?? textAt(configs, 'applicationName');
    if (name !== undefined) {
      claim(`name ${tenant}/${namespace}/${name}`, i, `sources[${i}].name`, 'a name of its own');
    }
    if (table !== undefined) {
      const field = textAt(configs, 'leaseTableName') === undefined ? 'applicationName' : 'leaseTableName';
      claim(`table ${table}`, i, `sources[${i}].configs.${field}`, 'a lease table of its own');
    }
  }
}
