import { accessDeniedHint } from '../../../src/aws/access-denied';

const USER = 'arn:aws:sts::111111111111:assumed-role/connectors/pod';
const STREAM = 'arn:aws:kinesis:eu-west-1:222222222222:stream/orders';
const ROLE = 'arn:aws:iam::222222222222:role/reader';
const CALL = { action: 'kinesis:GetRecords', resource: 'orders' };

const hint = (rest: string, action = 'kinesis:GetRecords', resource = STREAM): string =>
  accessDeniedHint(
    `User: ${USER} is not authorized to perform: ${action} on resource: ${resource}${rest}`,
    CALL,
  );
const because = (policy: string): string =>
  hint(` because no ${policy} allows the kinesis:GetRecords action`);

test('what the policies of the caller do not allow is granted there', () => {
  const granting = `Grant kinesis:GetRecords on ${STREAM} to ${USER}.`;
  expect(because('identity-based policy')).toBe(granting);
  expect(hint('')).toBe(granting);
  expect(accessDeniedHint('Access Denied', CALL)).toBe(
    'Grant kinesis:GetRecords on orders to the role in use.',
  );
});

test('what the policy of the resource does not allow is granted in that', () => {
  expect(because('resource-based policy')).toBe(
    `Grant kinesis:GetRecords to ${USER} in the policy of ${STREAM}.`,
  );
});

test.each(['VPC endpoint policy', 'permissions boundary', 'service control policy', 'session policy'])(
  'where a %s bounds what is granted, that is named: granting it to the caller would change nothing',
  (policy) => {
    expect(because(policy)).toBe(`Allow kinesis:GetRecords on ${STREAM} to ${USER} in the ${policy}.`);
    const denied = `The ${policy} denies kinesis:GetRecords on ${STREAM} to ${USER}: remove that.`;
    expect(hint(` with an explicit deny in a ${policy}`)).toBe(denied);
    expect(hint(` with an explicit deny in a ${policy}: arn:aws:organizations::1:policy/p`)).toBe(denied);
  },
);

test('an explicit deny is removed, in whatever policy it is', () => {
  const denied = (policy: string): string =>
    `The ${policy} denies kinesis:GetRecords on ${STREAM} to ${USER}: remove that.`;
  expect(hint(' with an explicit deny in an identity-based policy')).toBe(denied('identity-based policy'));
  expect(hint(' with an explicit deny')).toBe(
    `A policy denies kinesis:GetRecords on ${STREAM} to ${USER}: remove that.`,
  );
});

test('a role is assumed when both sides say so: STS does not tell which one does not', () => {
  expect(hint('', 'sts:AssumeRole', ROLE)).toBe(
    `Grant sts:AssumeRole on ${ROLE} to ${USER}, and name that in the trust policy of the role, with the external id that it asks for.`,
  );
  expect(accessDeniedHint('Not authorized to perform sts:AssumeRoleWithWebIdentity', CALL)).toContain(
    'trust policy',
  );
});
