import type { Lease } from '../lease/lease';
import { type Clock, sleep } from '../util/clock';

/** Milliseconds between two looks at the table. */
const LOOK_MS = 1000;

/** Milliseconds beside `failoverTime` that a renewal may be late by. */
const MARGIN_MS = 1000;

/** Milliseconds without a write of its owner after which nobody holds a lease. */
export const watchTime = (failoverTime: number): number => failoverTime + MARGIN_MS;

export interface OwnerWatch {
  readonly clock: Clock;
  /** Milliseconds, see watchTime. */
  readonly time: number;
  /** The rows concerned, as they stand now. */
  scan(signal: AbortSignal): Promise<readonly Lease[]>;
  /** Told how long it has watched, milliseconds. */
  onLook?(watched: number): void;
}

/** A lease in `now` that an owner has written since the table was as in `before`, or has taken. */
export function writtenLease(before: readonly Lease[], now: readonly Lease[]): Lease | undefined {
  const seen = new Map(before.map((lease) => [lease.key, lease]));
  return now.find(({ key, owner, counter }) => {
    const was = seen.get(key);
    return was?.counter !== counter && (owner ?? was?.owner) !== undefined;
  });
}

/**
 * A lease whose owner lives: its row has changed while it was watched. Undefined when none has, which takes
 * `time`, unless nobody owns any of them.
 */
export async function findLiveOwner(
  watch: OwnerWatch,
  rows: readonly Lease[],
  signal: AbortSignal,
): Promise<Lease | undefined> {
  const { clock, time, scan, onLook } = watch;
  const keys = new Set(rows.map(({ key }) => key));
  const owned = rows.some(({ owner }) => owner !== undefined);
  const begun = clock.monotonic();
  for (let watched = 0; owned && watched < time; watched = clock.monotonic() - begun) {
    await sleep(clock, LOOK_MS, signal);
    const now = await scan(signal);
    const changed = writtenLease(
      rows,
      now.filter(({ key }) => keys.has(key)),
    );
    if (changed !== undefined) {
      return changed;
    }
    onLook?.(Math.min(time, clock.monotonic() - begun));
  }
  return undefined;
}
