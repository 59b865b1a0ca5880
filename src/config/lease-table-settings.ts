import { joinPath } from './path';
import { describe, type ProblemList } from './problems';
import { schemaRoot } from './schema';
import { isObject, type JsonObject } from './tree';
import type { LeaseTableSettings } from './types';

const CAPACITIES = ['initialLeaseTableReadCapacity', 'initialLeaseTableWriteCapacity'];
/** Limits of a tag. Source: DynamoDB Developer Guide, "Tagging restrictions". */
const MAX_TAGS = 50;
const MAX_KEY = 128;
const MAX_VALUE = 256;
const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** @param complete options of a source with their defaults */
export function leaseTableSettings(complete: JsonObject, region: string | undefined): LeaseTableSettings {
  const [readCapacity = 0, writeCapacity = 0] = CAPACITIES.map((name) => Number(complete[name]));
  return {
    create: complete.leaseTableCreate === true,
    billing:
      complete.leaseTableBillingMode === 'PROVISIONED'
        ? { mode: 'PROVISIONED', readCapacity, writeCapacity }
        : { mode: 'PAY_PER_REQUEST' },
    tags: (complete.leaseTableTags ?? {}) as LeaseTableSettings['tags'],
    pointInTimeRecovery: complete.leaseTablePitrEnabled === true,
    deletionProtection: complete.leaseTableDeletionProtectionEnabled === true,
    ...(region === undefined ? {} : { region }),
  };
}

/** Reports what is wrong between the options of the lease table. @param configs as given, without defaults */
export function leaseTableProblems(configs: JsonObject, path: string, problems: ProblemList): void {
  const { properties } = schemaRoot('source').node;
  for (const name of CAPACITIES) {
    const given = configs[name] ?? properties?.[name]?.default;
    if (given !== properties?.[name]?.default && configs.leaseTableBillingMode !== 'PROVISIONED') {
      problems.add('CONFIG_CROSS_FIELD', joinPath(path, name), {
        found: describe(configs[name]),
        expected: 'leaseTableBillingMode PROVISIONED beside it',
        hint: `Set leaseTableBillingMode to PROVISIONED, or remove ${name}.`,
      });
    }
  }
  tagProblems(configs.leaseTableTags, joinPath(path, 'leaseTableTags'), problems);
}

function tagProblems(tags: unknown, path: string, problems: ProblemList): void {
  const entries = isObject(tags) ? Object.entries(tags) : [];
  if (entries.length > MAX_TAGS) {
    problems.add('CONFIG_RANGE', path, {
      found: `${entries.length} tags`,
      expected: `at most ${MAX_TAGS} tags`,
      hint: 'Remove some: AWS allows no more on one table.',
    });
  }
  for (const [key, value] of entries) {
    const good = key.length >= 1 && key.length <= MAX_KEY && TAG_TEXT.test(key) && !/^aws:/i.test(key);
    const fits = typeof value !== 'string' || (value.length <= MAX_VALUE && TAG_TEXT.test(value));
    if (!good || !fits) {
      problems.add('CONFIG_FORMAT', joinPath(path, key), {
        found: good ? describe(value) : `the key ${describe(key)}`,
        expected: `a key of 1 to ${MAX_KEY} and a value of up to ${MAX_VALUE} letters, digits, blanks or any of _ . : / = + - @`,
        hint: 'A key does not start with aws:, which AWS keeps for itself.',
      });
    }
  }
}
