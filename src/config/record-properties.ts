import { joinPath } from './path';
import type { ProblemList } from './problems';
import { didYouMean } from './suggestion';
import type { KinesisRecordProperty } from './types';

const NAMES: readonly KinesisRecordProperty[] = [
  'kinesis.arrival.timestamp',
  'kinesis.encryption.type',
  'kinesis.partition.key',
  'kinesis.sequence.number',
  'kinesis.subsequence.number',
  'kinesis.shard.id',
  'kinesis.stream',
  'kinesis.millis.behind.latest',
  'kinesis.explicit.hash.key',
  'kinesis.ingest.timestamp',
  'kinesis.sharded.sequence.number',
];

/** The names in a list, or in a text separated by commas as the Java connector takes them. Empty: none. */
export function propertyNames(value: unknown): string[] {
  const names = Array.isArray(value) ? value : typeof value === 'string' ? value.split(',') : [];
  return names
    .filter((name): name is string => typeof name === 'string')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** The properties named, each once. */
export function recordProperties(value: unknown): KinesisRecordProperty[] {
  const names = new Set(propertyNames(value));
  return NAMES.filter((name) => names.has(name));
}

/** Reports names that are not known. */
export function propertyProblems(value: unknown, path: string, problems: ProblemList): void {
  for (const [i, name] of propertyNames(value).entries()) {
    if ((NAMES as readonly string[]).includes(name)) {
      continue;
    }
    problems.add('CONFIG_ENUM', Array.isArray(value) ? joinPath(path, i) : path, {
      found: JSON.stringify(name),
      expected: `some of ${NAMES.join(', ')}`,
      hint: didYouMean(name, NAMES, 'Remove it.'),
    });
  }
}
