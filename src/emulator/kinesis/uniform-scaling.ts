import { evenRanges, type HashKeyRange } from '../../stream/hash-key';

/** One split (one parent, two children) or one merge (two neighbours, one child). */
export interface ReshardStep {
  readonly parents: readonly HashKeyRange[];
  readonly children: readonly HashKeyRange[];
}

/**
 * The splits, then the merges, that turn `open` into `target` shards of equal width. What is cut in two places,
 * or put together from pieces, goes through shards that close again at once.
 * Source: Kinesis API, UpdateShardCount: "performs splits or merges on individual shards. This can cause
 * short-lived shards to be created, in addition to the final shards".
 * @param open the open shards, which cover every hash key, in order
 */
export function uniformScaling(open: readonly HashKeyRange[], target: number): ReshardStep[] {
  const borders = bordersOf(open, target);
  const steps: ReshardStep[] = [];
  const pieces: HashKeyRange[] = [];
  let place = 0;
  for (let rest of open) {
    for (let border = borders[place]; border !== undefined && border <= rest.end; border = borders[++place]) {
      if (border > rest.start) {
        const lower = { start: rest.start, end: border - 1n };
        const upper = { start: border, end: rest.end };
        steps.push({ parents: [rest], children: [lower, upper] });
        pieces.push(lower);
        rest = upper;
      }
    }
    pieces.push(rest);
  }
  const kept = new Set(borders);
  let whole: HashKeyRange | undefined;
  for (const piece of pieces) {
    if (whole === undefined || kept.has(piece.start)) {
      whole = piece;
    } else {
      const merged: HashKeyRange = { start: whole.start, end: piece.end };
      steps.push({ parents: [whole, piece], children: [merged] });
      whole = merged;
    }
  }
  return steps;
}

/**
 * Where the new shards but the first begin. A border that stands there but for rounding is taken as it is:
 * doubling three shards is three splits, although a sixth of the hash keys is not half of a third.
 */
function bordersOf(open: readonly HashKeyRange[], target: number): bigint[] {
  const rounding = BigInt(open.length + target);
  let place = 0;
  return evenRanges(target)
    .slice(1)
    .map(({ start }) => {
      while ((open[place]?.start ?? start) < start - rounding) {
        place++;
      }
      const there = open[place]?.start;
      return there !== undefined && there <= start + rounding ? there : start;
    });
}
