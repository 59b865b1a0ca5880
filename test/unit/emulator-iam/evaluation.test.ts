import fc from 'fast-check';
import { evaluate } from '../../../src/emulator/iam/evaluation';
import type { PolicyDocument, PolicyStatement } from '../../../src/emulator/iam/policy-document';
import type { Principal } from '../../../src/emulator/iam/principal';
import { compileDocument } from '../../../src/emulator/iam/statement';

const OWN = '111122223333';
const OTHER = '444455556666';
const USER: Principal = {
  arn: `arn:aws:iam::${OWN}:user/connector`,
  identity: `arn:aws:iam::${OWN}:user/connector`,
  account: OWN,
};
const STREAM = `arn:aws:kinesis:us-east-1:${OWN}:stream/orders`;

type Given = Partial<PolicyStatement>;

const document = (...statements: readonly Given[]): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: statements.map((statement) => ({
    Effect: 'Allow',
    ...(statement.NotAction === undefined && { Action: 'kinesis:GetRecords' }),
    ...(statement.NotResource === undefined && { Resource: STREAM }),
    ...statement,
  })),
});

interface Setting {
  readonly identity?: readonly Given[];
  readonly resource?: readonly Given[];
  readonly trust?: boolean;
  readonly sameAccount?: boolean;
  readonly context?: { readonly [key: string]: readonly string[] };
  readonly action?: string;
  readonly on?: string;
  readonly by?: Principal;
}

function outcome(setting: Setting): string {
  const { identity = [], resource = [], trust = false, sameAccount = true, by = USER } = setting;
  const { context = {}, action = 'kinesis:GetRecords', on = STREAM } = setting;
  const refusal = evaluate(
    {
      identity: compileDocument(document(...identity)),
      resource: compileDocument(document(...resource), { trust }),
      trust,
      sameAccount,
    },
    by,
    { action, resource: on, context },
  );
  return refusal === undefined ? 'allowed' : `${refusal.kind} ${refusal.side}`;
}

const allows = (statement: Given, rest: Setting = {}): boolean =>
  outcome({ identity: [statement], ...rest }) === 'allowed';

describe('what policies allow', () => {
  it.each<[string, boolean]>([
    ['kinesis:GetRecords', true],
    ['KINESIS:getrecords', true],
    ['kinesis:Get*', true],
    ['kinesis:*', true],
    ['*', true],
    ['kinesis:Get?ecords', true],
    ['kinesis:GetRecord', false],
    ['kinesis:GetRecords?', false],
    ['dynamodb:*', false],
  ])('the action %s: %s for kinesis:GetRecords', (Action, allowed) => {
    expect([allows({ Action }), allows({ NotAction: Action })]).toEqual([allowed, !allowed]);
  });

  it.each<[string, boolean]>([
    [STREAM, true],
    ['*', true],
    [`arn:aws:kinesis:*:${OWN}:stream/ord*`, true],
    ['arn:aws:kinesis:us-east-?:*:*', true],
    [`${STREAM}/consumer/*`, false],
    // A wildcard reaches no further than its own part.
    ['arn:aws:kinesis:*:*:*:stream/orders', false],
    [`arn:aws:kinesis:us-east-1:${OTHER}:stream/orders`, false],
    [STREAM.toUpperCase().replace('ARN:AWS:KINESIS', 'arn:aws:kinesis'), false],
  ])('the resource %s: %s for a stream', (Resource, allowed) => {
    expect([allows({ Resource }), allows({ NotResource: Resource })]).toEqual([allowed, !allowed]);
  });

  it('a call on what no ARN names is allowed by a policy for everything alone', () => {
    const list = { Action: 'kinesis:ListStreams' };
    const rest = { action: 'kinesis:ListStreams', on: '*' };
    expect(allows({ ...list, Resource: 'arn:*:*:*:*:*' }, rest)).toBe(false);
    expect(allows({ ...list, Resource: '*' }, rest)).toBe(true);
  });

  const key = 'cloudwatch:namespace';
  it.each<[operator: string, present: boolean, other: boolean, absent: boolean]>([
    ['StringEquals', true, false, false],
    ['StringEqualsIfExists', true, false, true],
    ['StringEqualsIgnoreCase', true, false, false],
    ['StringNotEquals', false, true, true],
    ['StringNotEqualsIgnoreCase', false, true, true],
    ['StringLike', true, false, false],
    ['StringNotLike', false, true, true],
    ['ForAllValues:StringEquals', true, false, true],
    ['ForAnyValue:StringEquals', true, false, false],
  ])('the condition %s holds for the value, another one, none: %s %s %s', (operator, ...expected) => {
    const statement = { Condition: { [operator]: { [key.toUpperCase()]: ['orders', 'more'] } } };
    const contexts = [{ [key]: ['orders'] }, { [key]: ['clicks'] }, {}];
    expect(contexts.map((context) => allows(statement, { context }))).toEqual(expected);
  });

  it('Null asks whether a key is there', () => {
    const absent = { Condition: { Null: { [key]: 'true' } } };
    expect([allows(absent), allows(absent, { context: { [key]: ['orders'] } })]).toEqual([true, false]);
  });

  it('every condition has to hold', () => {
    const statement = { Condition: { StringEquals: { [key]: 'orders', 'aws:PrincipalAccount': OWN } } };
    const context = { [key]: ['orders'], 'aws:PrincipalAccount': [OWN] };
    expect(allows(statement, { context })).toBe(true);
    expect(allows(statement, { context: { ...context, 'aws:PrincipalAccount': [OTHER] } })).toBe(false);
  });

  it.each<[string, Given, RegExp]>([
    ['an operator that is not emulated', { Condition: { NumericLessThan: { x: '1' } } }, /NumericLessThan/],
    ['a policy variable', { Resource: `${STREAM}/\${aws:username}` }, /variables/],
    ['a resource that is no ARN', { Resource: 'orders' }, /expected \* or an ARN/],
    ['an ARN that is not whole', { Resource: 'arn:aws:kinesis:*' }, /expected \* or an ARN/],
    ['an action without a service', { Action: 'GetRecords' }, /expected \* or an action/],
    ['two kinds of actions', { NotAction: 'kinesis:*', Action: 'kinesis:*' }, /either Action or NotAction/],
    ['another effect', { Effect: 'Maybe' as 'Allow' }, /Allow or Deny/],
  ])('%s is no policy', (_what, statement, message) => {
    expect(() => compileDocument(document({ Sid: 'Odd', ...statement }))).toThrow(message);
  });
});

describe('whose policies count', () => {
  const root = { Principal: { AWS: `arn:aws:iam::${OWN}:root` } };
  const itself = { Principal: { AWS: USER.arn } };
  const deny = { Effect: 'Deny' } as const;

  it.each<[string, Setting, string]>([
    ['nobody says anything', {}, 'implicit identity'],
    ['the identity allows', { identity: [{}] }, 'allowed'],
    ['the identity allows and denies', { identity: [{}, deny] }, 'explicit identity'],
    ['the resource allows the caller', { resource: [itself] }, 'allowed'],
    ['the resource leaves it to the account', { resource: [root] }, 'implicit identity'],
    ['the resource denies', { identity: [{}], resource: [{ ...itself, ...deny }] }, 'explicit resource'],
    [
      'the resource denies somebody else',
      { identity: [{}], resource: [{ Principal: { AWS: OTHER }, ...deny }] },
      'allowed',
    ],
    ['another account has no say', { identity: [{}], sameAccount: false }, 'implicit resource'],
    ['another account allows alone', { resource: [itself], sameAccount: false }, 'implicit identity'],
    ['another account allows as well', { identity: [{}], resource: [root], sameAccount: false }, 'allowed'],
    ['a role that trusts nobody', { identity: [{}], trust: true }, 'implicit resource'],
    ['a role that trusts the account', { resource: [root], trust: true }, 'implicit identity'],
    ['the same, and the identity may', { identity: [{}], resource: [root], trust: true }, 'allowed'],
    ['a role that trusts the caller', { resource: [itself], trust: true }, 'allowed'],
    [
      'a role elsewhere that trusts the caller',
      { resource: [itself], trust: true, sameAccount: false },
      'implicit identity',
    ],
  ])('%s', (_when, setting, expected) => {
    expect(outcome(setting)).toBe(expected);
  });

  it('a session is named by itself, its role, or its account', () => {
    const identity = `arn:aws:iam::${OWN}:role/reader`;
    const by = { arn: `arn:aws:sts::${OWN}:assumed-role/reader/a`, identity, account: OWN };
    const names = [by.arn, identity, '*', `arn:aws:sts::${OWN}:assumed-role/reader/b`];
    const outcomes = names.map((AWS) => outcome({ resource: [{ Principal: { AWS } }], by }));
    expect(outcomes).toEqual(['allowed', 'allowed', 'allowed', 'implicit identity']);
  });

  it('a token is trusted by its provider alone', () => {
    const federated = `arn:aws:iam::${OWN}:oidc-provider/tokens.example.org`;
    const by = { arn: federated, identity: federated, account: OWN, federated };
    const trusting = (Principal: PolicyStatement['Principal'] & object) =>
      outcome({ resource: [{ Principal }], trust: true, by });
    expect(trusting({ Federated: federated })).toBe('allowed');
    expect(trusting({ Federated: `${federated}.evil` })).toBe('implicit identity');
    expect(trusting({ AWS: OWN })).toBe('implicit identity');
  });
});

describe('for whatever policies', () => {
  const ACTIONS = ['kinesis:GetRecords', 'kinesis:PutRecords', 'dynamodb:Scan'];
  const RESOURCES = [
    STREAM,
    STREAM.replace('orders', 'clicks'),
    `arn:aws:dynamodb:us-east-1:${OWN}:table/orders`,
  ];
  const statement = fc.record({
    Effect: fc.constantFrom('Allow' as const, 'Deny' as const),
    Action: fc.subarray(ACTIONS, { minLength: 1 }),
    Resource: fc.subarray(RESOURCES, { minLength: 1 }),
  });

  it('a call passes when a statement allows it and none denies it, and only then', () => {
    fc.assert(
      fc.property(
        fc.array(statement, { maxLength: 5 }),
        fc.constantFrom(...ACTIONS),
        fc.constantFrom(...RESOURCES),
        (identity, action, on) => {
          const covering = identity.filter((one) => one.Action.includes(action) && one.Resource.includes(on));
          const effects = new Set(covering.map(({ Effect }) => Effect));
          const expected = effects.has('Allow') && !effects.has('Deny');
          expect(outcome({ identity, action, on }) === 'allowed').toBe(expected);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('another statement that allows never takes anything away, one that denies never gives anything', () => {
    fc.assert(
      fc.property(
        fc.array(statement, { maxLength: 4 }),
        statement,
        fc.constantFrom(...ACTIONS),
        fc.constantFrom(...RESOURCES),
        (identity, more, action, on) => {
          const before = outcome({ identity, action, on }) === 'allowed';
          const after = outcome({ identity: [...identity, more], action, on }) === 'allowed';
          expect(more.Effect === 'Allow' ? before && !after : after && !before).toBe(false);
        },
      ),
      { numRuns: 200 },
    );
  });
});
