import { live } from '../support/fleet/lives';

export interface SeedRange {
  readonly first: number;
  readonly count: number;
}

export interface BrokenLife {
  readonly seed: number;
  readonly kind: string;
  /** The first one. */
  readonly problem: string;
}

/** What some lives came to, as one process tells another. */
export interface LivesTold {
  readonly lives: number;
  readonly records: number;
  readonly duplicates: number;
  readonly steals: number;
  readonly virtualMs: number;
  readonly broken: readonly BrokenLife[];
}

/** Lives every seed of the range, one after the other. */
export async function liveAll({ first, count }: SeedRange): Promise<LivesTold> {
  const told: LivesTold[] = [];
  for (let seed = first; seed < first + count; seed++) {
    const { kind, records, duplicates, steals, virtualMs, history } = await live(seed);
    const [problem] = history.problems;
    const broken = problem === undefined ? [] : [{ seed, kind, problem: problem.what }];
    told.push({ lives: 1, records, duplicates, steals, virtualMs, broken });
  }
  return report(told);
}

/** All of them as one, broken lives by seed. */
export function report(told: readonly LivesTold[]): LivesTold {
  const sum = (of: (some: LivesTold) => number): number => told.reduce((total, some) => total + of(some), 0);
  return {
    lives: sum(({ lives }) => lives),
    records: sum(({ records }) => records),
    duplicates: sum(({ duplicates }) => duplicates),
    steals: sum(({ steals }) => steals),
    virtualMs: sum(({ virtualMs }) => virtualMs),
    broken: told.flatMap(({ broken }) => broken).sort((a, b) => a.seed - b.seed),
  };
}
