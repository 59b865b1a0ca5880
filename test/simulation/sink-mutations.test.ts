import { sinkLife } from '../support/sink-fleet/sink-life';
import { SINK_MUTATIONS, type SinkMutation } from '../support/sink-fleet/sink-mutations';

/** Everything that a life with the bug in it is told of, from the first seed on that finds anything. */
async function search(mutation: SinkMutation): Promise<string[]> {
  for (let seed = 1; seed <= mutation.within; seed++) {
    const { history } = await sinkLife(seed, { mutation, trouble: mutation.trouble });
    if (history.problems.length > 0) {
      return history.problems.map(({ what }) => what);
    }
  }
  return [];
}

test.each(SINK_MUTATIONS.map((mutation) => [mutation.name, mutation] as const))(
  'a bug is found out: %s',
  async (_name, mutation) => {
    expect(await search(mutation)).toContainEqual(expect.stringMatching(mutation.found));
  },
  60_000,
);
