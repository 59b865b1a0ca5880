import { fleetLife } from '../support/fleet/fleet-life';
import type { Mutation } from '../support/fleet/mutation';
import { MUTATIONS } from '../support/fleet/mutations';
import { PULSAR_MUTATIONS } from '../support/fleet/pulsar-mutations';
import { READING_MUTATIONS } from '../support/fleet/reading-mutations';

/** The seed that finds the mutation, and everything that any seed up to there found. */
async function search(
  mutation: Mutation,
): Promise<{ readonly seed: number | undefined; readonly told: string[] }> {
  const told: string[] = [];
  const first = mutation.first ?? 1;
  for (let seed = first; seed < first + mutation.within; seed++) {
    const { history } = await fleetLife(seed, { mutation });
    const problems = history.problems.map(({ what }) => what);
    if (problems.some((problem) => mutation.found.test(problem))) {
      return { seed, told: [] };
    }
    told.push(...problems);
  }
  return { seed: undefined, told };
}

test.each(
  [...MUTATIONS, ...READING_MUTATIONS, ...PULSAR_MUTATIONS].map(
    (mutation) => [mutation.name, mutation] as const,
  ),
)(
  'a worker that %s is found out',
  async (_name, mutation) => {
    expect(await search(mutation)).toEqual({ seed: expect.any(Number), told: [] });
  },
  120_000,
);
