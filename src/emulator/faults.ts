import { deferred } from '../util/deferred';
import type { Random } from '../util/random';

/** What may be wrong with one call. `applied` says whether the service did what was asked all the same. */
export type Fault =
  /** An error answer; nothing was done. */
  | { readonly kind: 'error'; readonly type: string; readonly message?: string; readonly status?: number }
  /** No answer ever; the connection stays open until the caller gives up. */
  | { readonly kind: 'silence'; readonly applied: boolean }
  /** The connection is cut instead of an answer. */
  | { readonly kind: 'disconnect'; readonly applied: boolean }
  /** Done at once and answered late (`applied`), or done late: a write that arrives after its sender gave it up. */
  | { readonly kind: 'latency'; readonly ms: number; readonly applied: boolean }
  /** PutRecords: each entry is refused with probability `share`, the others are put. */
  | { readonly kind: 'refuse-entries'; readonly share: number; readonly errorCode: EntryErrorCode };

/** Source: Kinesis API, PutRecordsResultEntry. */
export type EntryErrorCode = 'ProvisionedThroughputExceededException' | 'InternalFailure';

export const THROTTLE: Fault = {
  kind: 'error',
  type: 'ProvisionedThroughputExceededException',
  message: 'Rate exceeded.',
};

export const INTERNAL_FAILURE: Fault = { kind: 'error', type: 'InternalFailure', status: 500 };

export interface FaultRule {
  /** Name of an operation, or `*` for all. */
  readonly operation: string;
  readonly fault: Fault;
  /** How many calls it strikes, then it is gone; without end when absent. */
  readonly times?: number;
  /** 0 to 1; 1 when absent. A call spared by chance does not count. */
  readonly probability?: number;
  /** Strikes only calls whose input it accepts. */
  readonly when?: (input: unknown) => boolean;
}

/** A rule in force. */
export interface ActiveFault {
  /** Calls struck so far. */
  readonly hits: number;
  /** Resolves once `hits` calls were struck. */
  reached(hits: number): Promise<void>;
  remove(): void;
}

/** What the rules make of one call: delays, refused entries, and at most one of the other faults (the oldest rule's). */
export interface CallPlan {
  /** Milliseconds before it is done. */
  readonly delayBefore: number;
  /** Milliseconds between done and answered. */
  readonly delayAfter: number;
  readonly refusal: (Fault & { kind: 'refuse-entries' }) | undefined;
  readonly outcome: (Fault & { kind: 'error' | 'silence' | 'disconnect' }) | undefined;
}

/** The rules of one emulator. The same rules, calls and seed strike the same calls. */
export class Faults {
  readonly #random: Random;
  readonly #rules = new Set<RuleState>();

  constructor(random: Random) {
    this.#random = random;
  }

  add(rule: FaultRule): ActiveFault {
    const state = new RuleState(rule, () => this.#rules.delete(state));
    this.#rules.add(state);
    return state;
  }

  clear(): void {
    this.#rules.clear();
  }

  plan(operation: string, input: unknown): CallPlan {
    let delayBefore = 0;
    let delayAfter = 0;
    let refusal: CallPlan['refusal'];
    let outcome: CallPlan['outcome'];
    for (const state of [...this.#rules]) {
      const { fault } = state.rule;
      const taken =
        fault.kind === 'refuse-entries' ? refusal : fault.kind === 'latency' ? undefined : outcome;
      if (taken !== undefined || !state.strikes(operation, input, this.#random)) {
        continue;
      }
      if (fault.kind === 'latency') {
        delayBefore += fault.applied ? 0 : fault.ms;
        delayAfter += fault.applied ? fault.ms : 0;
      } else if (fault.kind === 'refuse-entries') {
        refusal = fault;
      } else {
        outcome = fault;
      }
    }
    return { delayBefore, delayAfter, refusal, outcome };
  }
}

class RuleState implements ActiveFault {
  hits = 0;
  readonly rule: FaultRule;
  readonly remove: () => void;
  readonly #waiting: { readonly hits: number; readonly resolve: () => void }[] = [];

  constructor(rule: FaultRule, remove: () => void) {
    this.rule = rule;
    this.remove = remove;
  }

  strikes(operation: string, input: unknown, random: Random): boolean {
    const { rule } = this;
    const matches =
      (rule.operation === '*' || rule.operation === operation) &&
      (rule.when === undefined || rule.when(input)) &&
      (rule.probability === undefined || random.next() < rule.probability);
    if (matches) {
      this.hits++;
      if (this.hits === rule.times) {
        this.remove();
      }
      for (const waiting of this.#waiting.filter((one) => one.hits <= this.hits)) {
        waiting.resolve();
      }
    }
    return matches;
  }

  reached(hits: number): Promise<void> {
    const { promise, resolve } = deferred<void>();
    if (this.hits >= hits) {
      resolve();
    } else {
      this.#waiting.push({ hits, resolve });
    }
    return promise;
  }
}
