import type { WriteKind } from './lease-row';

/** What happens at one write: the process dies or stands still there, or only the network fails it. */
export const FATES = [
  'killed before it',
  'killed behind it',
  'lost',
  'unanswered',
  'late',
  'paused before it',
  'paused behind it',
] as const;
/** `late, its asker killed`: of a write that hands over, so that whoever made it may be the next to take the lease. */
export type Fate = (typeof FATES)[number] | 'late, its asker killed';

/** The n-th write of a kind in a life, whoever makes it, and what becomes of it. */
export interface CrashPoint {
  readonly kind: WriteKind;
  /** From 0. */
  readonly nth: number;
  readonly fate: Fate;
}

/** Steps of what a fleet does by writes, and how many of each a sweep goes through: each one has a crash point. */
const SWEEP: readonly (readonly [kind: WriteKind, most: number])[] = [
  ['create', 6],
  ['take', 8],
  ['renew', 12],
  ['checkpoint', 12],
  ['draining', 4],
  ['evict', 8],
  ['finish', 6],
  ['request', 6],
  ['withdraw', 2],
  ['delete', 2],
];

const pointsOf = (kind: WriteKind, most: number): CrashPoint[] =>
  Array.from({ length: most }, (_, nth) => FATES.map((fate) => ({ kind, nth, fate }))).flat();

const POINTS: readonly CrashPoint[] = [
  ...SWEEP.flatMap(([kind, most]) => pointsOf(kind, most)),
  ...Array.from({ length: 6 }, (_, nth) => ({ kind: 'evict', nth, fate: 'late, its asker killed' }) as const),
];

/** Writes that say how records are numbered. */
const NUMBERING: readonly CrashPoint[] = pointsOf('number', 6);

/** How many different points a sweep has. */
export const CRASH_POINTS = POINTS.length;

/** @param place any number; the points come round again. */
export function crashPoint(place: number): CrashPoint {
  return POINTS[place % POINTS.length] as CrashPoint;
}

/** One of those that only workers come to that number their records. */
export function numberingPoint(place: number): CrashPoint {
  return NUMBERING[place % NUMBERING.length] as CrashPoint;
}

/** Tells when a write is the one. */
export class CrashWatch {
  #left: number;
  #armed = true;

  constructor(readonly point: CrashPoint | undefined) {
    this.#left = point?.nth ?? 0;
  }

  /** Whether the point was met. */
  met = false;

  /** From now on nothing is met. */
  disarm(): void {
    this.#armed = false;
  }

  meets(kind: WriteKind): Fate | undefined {
    if (
      !this.#armed ||
      this.met ||
      this.point === undefined ||
      kind !== this.point.kind ||
      this.#left-- > 0
    ) {
      return undefined;
    }
    this.met = true;
    return this.point.fate;
  }
}
