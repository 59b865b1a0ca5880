import { AUTO, CASES, SECRETS } from '../support/iam-cases';
import { grantsOf, nameOf, withoutGrant } from '../support/iam-grants';
import type { Printed } from '../support/iam-lab';
import { expectedLosses, faults, losses, NO_FAULTS, printedOf, workUnder } from '../support/iam-outcome';

describe.each(CASES.map((one) => [one.name, one] as const))('%s', (_, one) => {
  let printed: Printed;
  beforeAll(async () => {
    printed = await printedOf(one);
  });

  test('works under the printed policy, and needs all of it', async () => {
    expect(await faults(one, printed)).toEqual(NO_FAULTS);
  });

  test('names whatever action is taken away, and fails of it unless it can do without', async () => {
    const grants = grantsOf(printed.policies);
    expect(await losses(one, printed, grants)).toEqual(expectedLosses(printed, grants));
  });
});

test('fan-out where it is to be had works under the printed policy, which has both ways, and needs either', async () => {
  const printed = await printedOf(AUTO);
  const grants = grantsOf(printed.policies);
  const subscribing = grants.filter(({ action }) => action === 'kinesis:SubscribeToShard');
  const withoutFanOut = subscribing.reduce(withoutGrant, printed.policies);
  const fanOut = await workUnder(AUTO, printed, printed.policies, subscribing);
  const polling = await workUnder(AUTO, printed, withoutFanOut, subscribing);
  expect([fanOut.failure, polling.failure]).toEqual([undefined, undefined]);
  expect(polling.said).toContain('kinesis:SubscribeToShard');
  const unused = grants.filter((grant) => !fanOut.lab.wasUsed(grant) && !polling.lab.wasUsed(grant));
  // The others are those of every source.
  expect(unused.filter(({ action }) => action.startsWith('kinesis:')).map(nameOf)).toEqual([]);
  for (const grant of grants.filter(({ action }) => /Get(Records|ShardIterator)$/.test(action))) {
    const { failure } = await workUnder(AUTO, printed, withoutGrant(withoutFanOut, grant), [grant]);
    expect(failure).toEqual({ code: 'AWS_ACCESS_DENIED', text: expect.stringContaining(grant.action) });
  }
});

test('a configuration with a secret is loaded under the printed policy, and not without that', async () => {
  const printed = await printedOf(SECRETS);
  const [reading, ...others] = grantsOf(printed.policies).filter(({ action }) => /^secrets/.test(action));
  expect(others).toEqual([]);
  expect((await workUnder(SECRETS, printed, printed.policies, [])).failure).toBeUndefined();
  for (const grant of reading === undefined ? [] : [reading]) {
    const { failure } = await workUnder(SECRETS, printed, withoutGrant(printed.policies, grant), [grant]);
    expect(failure?.text).toContain(grant.action);
  }
  expect(reading?.resources).toEqual(['arn:aws:secretsmanager:us-east-1:000000000000:secret:pulsar-??????']);
});
