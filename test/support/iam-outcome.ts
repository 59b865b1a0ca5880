import { explain, isConnectorError, messageOf } from '../../src/errors';
import type { IdentityPolicies } from '../../src/iam/policies';
import { type Grant, grantsOf, isOptional, nameOf, withoutGrant } from './iam-grants';
import { type IamCase, IamLab, type Printed } from './iam-lab';

/** Why it ended, and everything it said. */
export interface IamOutcome {
  /** Code and text of the error; undefined when it did its work. */
  readonly failure: { readonly code: string; readonly text: string } | undefined;
  readonly said: string;
  readonly lab: IamLab;
}

/** Does the work of a case under `policies`. @param wanted see IamLab.wanted */
export async function workUnder(
  one: IamCase,
  { trusts }: Printed,
  policies: readonly IdentityPolicies[],
  wanted: readonly Grant[],
): Promise<IamOutcome> {
  const lab = await IamLab.open(one);
  try {
    await one.prepare(lab);
    lab.enforce(policies, trusts);
    lab.wanted = wanted;
    let failure: IamOutcome['failure'];
    try {
      await one.work(lab);
    } catch (error) {
      // Of a command: everything that it has written.
      const text = isConnectorError(error) ? explain(error) : messageOf(error);
      const code = isConnectorError(error) ? error.code : (/AWS_ACCESS_DENIED/.exec(text)?.[0] ?? 'none');
      failure = { code, text };
    }
    return { failure, said: JSON.stringify(lab.log.lines), lab };
  } finally {
    await lab.close();
  }
}

/** What goes wrong under the policy that is printed for a case, and what of it is not needed; nothing, that is. */
export async function faults(one: IamCase, printed: Printed): Promise<object> {
  const grants = grantsOf(printed.policies);
  const slow = grants.filter(isSlow);
  const prompt = grants.filter((grant) => !isSlow(grant));
  const runs = [await workUnder(one, printed, printed.policies, prompt)];
  if (slow.length > 0) {
    runs.push(await workUnder(one, printed, printed.policies, slow));
  }
  const unused = grants.filter((grant) => !runs.some(({ lab }) => lab.wasUsed(grant)));
  return {
    failures: runs.flatMap(({ failure }) => failure ?? []),
    denied: runs.flatMap(({ lab }) => lab.emulator.iam.denied()),
    unused: unused.map(nameOf),
  };
}

export const NO_FAULTS = { failures: [], denied: [], unused: [] };

/** What `iam` prints for a case. */
export async function printedOf(one: IamCase): Promise<Printed> {
  const lab = await IamLab.open(one);
  try {
    return await lab.printed();
  } finally {
    await lab.close();
  }
}

/** How the work ends without each of `grants`, by their names: a code or `works`, and whether the action is named. */
export async function losses(
  one: IamCase,
  printed: Printed,
  grants: readonly Grant[],
): Promise<{ readonly [grant: string]: string }> {
  const found: { [grant: string]: string } = {};
  const lose = async (grant: Grant): Promise<void> => {
    const { failure, said } = await workUnder(one, printed, withoutGrant(printed.policies, grant), [grant]);
    const text = failure?.text ?? said;
    const named = text.includes(grant.action) ? 'named' : `not named in ${text}`;
    found[nameOf(grant)] = `${failure?.code ?? 'works'}, ${named}`;
  };
  // In haste a lease is too short for a busy machine.
  await Promise.all(grants.filter((grant) => !isSlow(grant)).map(lose));
  await Promise.all(grants.filter(isSlow).map(lose));
  return found;
}

/** The same as it has to be. */
export function expectedLosses(
  { permissions }: Printed,
  grants: readonly Grant[],
): { readonly [grant: string]: string } {
  const entries = grants.map((grant) => [
    nameOf(grant),
    `${isOptional(permissions, grant) ? 'works' : 'AWS_ACCESS_DENIED'}, named`,
  ]);
  return Object.fromEntries(entries);
}

/** Whether it is asked for long after everything else only. */
export const isSlow = ({ action }: Grant): boolean => action === 'dynamodb:DeleteItem';
