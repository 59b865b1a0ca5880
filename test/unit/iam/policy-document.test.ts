import fc from 'fast-check';
import type { Permission } from '../../../src/iam/permission';
import {
  MAX_POLICY_SIZE,
  type PolicyDocument,
  policyDocuments,
  policySize,
} from '../../../src/iam/policy-document';

const permission = fc.record({
  action: fc.constantFrom('kinesis:GetRecords', 'kinesis:PutRecords', 'dynamodb:Scan', 'sts:AssumeRole'),
  resources: fc.uniqueArray(
    fc.nat(60).map((n) => `arn:aws:kinesis:eu-west-1:111111111111:stream/${'x'.repeat(60)}${n}`),
    { minLength: 1, maxLength: 40 },
  ),
  conditions: fc.constantFrom(undefined, { StringEquals: { 'cloudwatch:namespace': 'a' } }),
});

const permissions = fc.array(permission, { maxLength: 12 }).map((some) =>
  some.map(
    ({ conditions, ...one }): Permission => ({
      ...one,
      ...(conditions && { conditions }),
      phases: ['steady'],
      optional: false,
      reason: 'why not',
      identity: undefined,
      connectors: ['orders'],
    }),
  ),
);

/** Every action on every resource, with its condition. */
const granted = (documents: readonly PolicyDocument[]): string[] =>
  documents
    .flatMap(({ Statement }) => Statement)
    .flatMap(({ Action, Resource, Condition }) =>
      Action.flatMap((action) => Resource.map((resource) => JSON.stringify([action, resource, Condition]))),
    );

const wanted = (some: readonly Permission[]): string[] =>
  some.flatMap(({ action, resources, conditions }) =>
    resources.map((resource) => JSON.stringify([action, resource, conditions])),
  );

test('documents grant what is asked for, each once, and nothing else', () => {
  fc.assert(
    fc.property(permissions, (some) => {
      expect(granted(policyDocuments(some)).sort()).toEqual([...new Set(wanted(some))].sort());
    }),
    { numRuns: 50 },
  );
});

test('no document is larger than AWS takes, and every statement of one has a name of its own', () => {
  fc.assert(
    fc.property(permissions, (some) => {
      for (const document of policyDocuments(some)) {
        expect(policySize(document)).toBeLessThanOrEqual(MAX_POLICY_SIZE);
        const sids = document.Statement.map(({ Sid }) => Sid);
        expect(new Set(sids).size).toBe(sids.length);
        expect(sids.join('')).toMatch(/^[A-Za-z0-9]*$/);
      }
    }),
    { numRuns: 50 },
  );
});

test('the order of what is asked for does not matter', () => {
  fc.assert(
    fc.property(permissions, (some) => {
      expect(policyDocuments([...some].reverse())).toEqual(policyDocuments(some));
    }),
    { numRuns: 50 },
  );
});
