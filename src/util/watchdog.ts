import type { Clock } from './clock';

/** Milliseconds between two looks at the parts; one look a second costs nothing and is early enough. */
export const LOOK_MS = 1000;

/** From this distance on two looks were torn apart: the process was paused, or its event loop blocked. */
const TORN_MS = 2 * LOOK_MS;

/** A restart that did not help is tried again after twice the limit, up to this many times it. */
const MOST_LIMITS = 16;

/** A part that should get on. The watchdog asks, the part tells nothing: being watched costs it next to nothing. */
export interface Watched {
  /** For a person, and unique among the parts of an instance: `shardId-000000000000 reader`. */
  readonly part: string;
  /** Milliseconds that it may make no progress while that is due; 0: for ever. */
  readonly limit: number;
  /** Whether progress is due now: not while it has nothing to do or waits for others, which is backpressure. */
  due(): boolean;
  /** Any number that changes when it has got on. */
  progress(): number;
  /** What to report. @param waited milliseconds, about */
  problem(waited: number): Error;
  /** Starts the part anew, and only it; absent where that is of no use. Must not throw. */
  restart?(problem: Error): void;
}

/** Who is told. Each stall is told once, with its end. */
export interface WatchListener {
  stalled(part: string, problem: Error): void;
  restarting(part: string, problem: Error): void;
  /** It gets on again, has had nothing to do for its limit, or is no more. */
  recovered(part: string): void;
}

/** What is remembered of a part between two looks. */
export interface Watch {
  readonly progress: number;
  /** Milliseconds without progress that was due, since the last restart. Time that this process slept does not count. */
  readonly waited: number;
  /** Of one that is stalled: milliseconds in which no progress was due, since it was. */
  readonly rested: number;
  readonly stalled: boolean;
  /** Limits that make up the next wait. */
  readonly limits: number;
}

/** What is seen of a part at a look; see Watched. */
export interface Sight {
  readonly due: boolean;
  readonly progress: number;
  readonly limit: number;
}

/** What a look found: all is well, it is late (report it, restart it), or it is well again. */
export type Verdict = 'well' | 'late' | 'recovered';

/**
 * One look at one part; pure.
 * @param elapsed milliseconds since the look before. After a pause of the process every part looks late at once:
 * such a look condemns nobody, all have until the next one to answer.
 */
export function look(
  before: Watch,
  { due, progress, limit }: Sight,
  elapsed: number,
): { readonly watch: Watch; readonly verdict: Verdict } {
  if (progress !== before.progress) {
    return { watch: freshWatch(progress), verdict: before.stalled ? 'recovered' : 'well' };
  }
  const counted = Math.min(elapsed, LOOK_MS);
  if (!due || limit === 0) {
    const rested = before.stalled ? before.rested + counted : 0;
    if (before.stalled && rested >= limit) {
      return { watch: freshWatch(progress), verdict: 'recovered' };
    }
    const unchanged = before.waited === 0 && before.rested === rested;
    return { watch: unchanged ? before : { ...before, waited: 0, rested }, verdict: 'well' };
  }
  const waited = before.waited + counted;
  if (waited < limit * before.limits || elapsed >= TORN_MS) {
    return { watch: { ...before, waited, rested: 0 }, verdict: 'well' };
  }
  const limits = Math.min(MOST_LIMITS, before.limits * 2);
  return { watch: { progress, waited: 0, rested: 0, stalled: true, limits }, verdict: 'late' };
}

export function freshWatch(progress: number): Watch {
  return { progress, waited: 0, rested: 0, stalled: false, limits: 1 };
}

/** Looks at the parts of one instance whenever its owner's ticker says so, each LOOK_MS. */
export class Watchdog {
  readonly #clock: Clock;
  readonly #listener: WatchListener;
  readonly #watches = new Map<Watched, Watch>();
  /** Parts that found themselves late. */
  readonly #reported = new Set<string>();
  #lookedAt: number;
  #stopped = false;

  constructor(clock: Clock, listener: WatchListener) {
    this.#clock = clock;
    this.#listener = listener;
    this.#lookedAt = clock.monotonic();
  }

  /** @returns ends the watch; a stall of the part ends with it. */
  watch(watched: Watched): () => void {
    if (!this.#stopped) {
      this.#watches.set(watched, freshWatch(watched.progress()));
    }
    return () => {
      const stalled = this.#watches.get(watched)?.stalled;
      this.#watches.delete(watched);
      if (stalled) {
        this.#listener.recovered(watched.part);
      }
    };
  }

  /** For a part that finds by itself that it is late, or no longer. */
  report(part: string, problem: Error | undefined): void {
    if (problem !== undefined && !this.#stopped && !this.#reported.has(part)) {
      this.#reported.add(part);
      this.#listener.stalled(part, problem);
    } else if (problem === undefined && this.#reported.delete(part)) {
      this.#listener.recovered(part);
    }
  }

  /** Such a part is started anew. */
  restarting(part: string, problem: Error): void {
    if (!this.#stopped) {
      this.#listener.restarting(part, problem);
    }
  }

  look(): void {
    const now = this.#clock.monotonic();
    const elapsed = now - this.#lookedAt;
    this.#lookedAt = now;
    for (const [watched, before] of this.#watches) {
      const sight = { due: watched.due(), progress: watched.progress(), limit: watched.limit };
      const { watch, verdict } = look(before, sight, elapsed);
      this.#watches.set(watched, watch);
      if (verdict === 'recovered') {
        this.#listener.recovered(watched.part);
      } else if (verdict === 'late') {
        this.#late(watched, before);
      }
    }
  }

  /** Nothing is restarted any more: whoever closes ends its parts itself. */
  stop(): void {
    this.#stopped = true;
    this.#watches.clear();
  }

  #late(watched: Watched, before: Watch): void {
    const { part, limit } = watched;
    const problem = watched.problem(limit * before.limits);
    if (!before.stalled) {
      this.#listener.stalled(part, problem);
    }
    if (watched.restart !== undefined) {
      this.#listener.restarting(part, problem);
      watched.restart(problem);
    }
  }
}
