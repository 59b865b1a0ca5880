import { readFileSync } from 'node:fs';
import { schemaDocument } from '../../../src/config';
import { ERRORS } from '../../../src/errors';
import { askInput } from '../../../src/lease/handover-writes';
import { ownerInput, takeInput } from '../../../src/lease/owner-writes';
import { createInput } from '../../../src/lease/serializer';
import { offsetsRow } from '../../../src/offsets/offsets-row';
import { moveInput } from '../../../src/offsets/offsets-writes';
import { leaseOf } from '../../support/leases';

const page = readFileSync('docs/leases.md', 'utf8');
const quoted = (pattern: RegExp): string[] => [...new Set(page.match(pattern) ?? [])];

test('every error that the page on leases names is one', () => {
  const codes = quoted(/\b(LEASE_TABLE|KINESIS)_[A-Z0-9_]+\b/g);
  expect(codes.length).toBeGreaterThan(5);
  expect(codes.filter((code) => !Object.hasOwn(ERRORS, code))).toEqual([]);
});

test('every option of the lease table stands on the page, and none that is not there', () => {
  const options = Object.keys(schemaDocument('source').properties ?? {});
  const ofTable = options.filter((name) => /^(initialL|l)easeTable/.test(name));
  expect(quoted(/\b(initialL|l)easeTable\w+/g).sort()).toEqual(ofTable.sort());
});

test('every attribute that a row of ours may have is explained', () => {
  const lease = { ...leaseOf('s', { checkpoint: 'LATEST' }), owner: 'w' };
  const held = { owner: 'w', counter: 1 };
  const row = {
    ...lease,
    parentShardIds: ['p'],
    hashRange: { startingHashKey: '0', endingHashKey: '1' },
    startAt: 1,
    stream: '1:orders:7',
    streamArn: 'arn',
    anchor: true,
  };
  const change = {
    checkpoint: { sequenceNumber: '1', subSequenceNumber: 0 },
    caughtUpAt: 1,
    childShardIds: ['c'],
    draining: 'id',
    release: true,
  };
  const written = [
    ...Object.keys(createInput('app', row).Item ?? {}),
    ...[
      takeInput('app', lease, 'x', 1),
      ownerInput('app', 's', held, change),
      askInput('app', lease, 'x', 'id'),
      moveInput('app', lease, offsetsRow({ ...row, readFrom: 1 })),
    ].flatMap(({ ExpressionAttributeNames = {} }) => Object.values(ExpressionAttributeNames)),
  ];
  expect(written.filter((attribute) => !page.includes(`\`${attribute}\``))).toEqual([]);
});

test('every action of DynamoDB that a source may call is among the permissions', () => {
  const client = readFileSync('src/aws/dynamo-client.ts', 'utf8');
  const actions = [...client.matchAll(/call\('(\w+)'/g)].map(([, action = '']) => action);
  const permissions = page.slice(page.indexOf('## Permissions'));
  expect(actions.length).toBeGreaterThan(9);
  expect(actions.filter((action) => !permissions.includes(action))).toEqual([]);
});
