import { SINK, STEADY } from '../support/iam-cases';
import { grantsOf, nameOf } from '../support/iam-grants';
import { expectedLosses, isSlow, losses, printedOf, workUnder } from '../support/iam-outcome';

/** All that is printed is tried by test/e2e/iam-policy.test.ts. */
test.each([STEADY, SINK])(
  '$name works under the printed policy, and names what is taken away',
  async (one) => {
    const printed = await printedOf(one);
    const grants = grantsOf(printed.policies).filter((grant) => !isSlow(grant));
    const { failure, lab } = await workUnder(one, printed, printed.policies, grants);
    expect(failure).toBeUndefined();
    expect(lab.emulator.iam.denied()).toEqual([]);
    expect(grants.filter((grant) => !lab.wasUsed(grant)).map(nameOf)).toEqual([]);
    expect(await losses(one, printed, grants)).toEqual(expectedLosses(printed, grants));
  },
);
