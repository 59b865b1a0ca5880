import { deferred } from '../util/deferred';
import type { Random } from '../util/random';

/** An error answer; nothing was done. */
export interface ErrorFault {
  readonly kind: 'error';
  readonly type: string;
  readonly message?: string;
  readonly status?: number;
}

/**
 * An answer that goes on comes to its end behind so many of its events: as if it were due, without a word (the connection
 * stands), with the connection, or with an exception event. Of a call whose answer does not go on nothing is seen.
 */
export interface EventsFault {
  readonly kind: 'events';
  /** 0 = none of them; then only the answer itself has begun. */
  readonly after: number;
  readonly ending: 'end' | 'silence' | 'disconnect' | ErrorFault;
}

/** What may be wrong with one call. `applied` says whether the service did what was asked all the same. */
export type Fault =
  | ErrorFault
  /** No answer ever; the connection stays open until the caller gives up. */
  | { readonly kind: 'silence'; readonly applied: boolean }
  /** The connection is cut instead of an answer. */
  | { readonly kind: 'disconnect'; readonly applied: boolean }
  /** Done at once and answered late (`applied`), or done late: a write that arrives after its sender gave it up. */
  | { readonly kind: 'latency'; readonly ms: number; readonly applied: boolean }
  /** PutRecords: each entry is refused with probability `share`, the others are put. */
  | { readonly kind: 'refuse-entries'; readonly share: number; readonly errorCode: EntryErrorCode }
  | EventsFault;

/** Source: Kinesis API, PutRecordsResultEntry. */
export type EntryErrorCode = 'ProvisionedThroughputExceededException' | 'InternalFailure';

export const THROTTLE: ErrorFault = {
  kind: 'error',
  type: 'ProvisionedThroughputExceededException',
  message: 'Rate exceeded.',
};

/** Of GetSecretValue, when the key of the secret may not be used. Source: Secrets Manager User Guide, troubleshooting. */
export const KMS_DENIED: ErrorFault = {
  kind: 'error',
  type: 'AccessDeniedException',
  message: 'Access to KMS is not allowed',
};

export const INTERNAL_FAILURE: ErrorFault = { kind: 'error', type: 'InternalFailure', status: 500 };

/**
 * What a caller without a permission is told. Source: IAM User Guide, troubleshooting access denied errors.
 * @param action for example `kinesis:GetRecords`
 * @param resource an ARN
 */
export function accessDenied(
  action: string,
  resource: string,
  user = 'arn:aws:iam::000000000000:user/connector',
): ErrorFault {
  return {
    kind: 'error',
    type: 'AccessDeniedException',
    message: `User: ${user} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`,
  };
}

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

/** What the rules make of one call: delays, and of every other kind of fault at most one (the oldest rule's). */
export interface CallPlan {
  /** Milliseconds before it is done. */
  readonly delayBefore: number;
  /** Milliseconds between done and answered. */
  readonly delayAfter: number;
  readonly refusal: (Fault & { kind: 'refuse-entries' }) | undefined;
  readonly outcome: (Fault & { kind: 'error' | 'silence' | 'disconnect' }) | undefined;
  /** For an answer that goes on. */
  readonly events: EventsFault | undefined;
}

/** Faults of one place exclude each other; delays add up. */
const PLACES = {
  error: 'outcome',
  silence: 'outcome',
  disconnect: 'outcome',
  'refuse-entries': 'refusal',
  events: 'events',
  latency: undefined,
} as const satisfies { readonly [K in Fault['kind']]: keyof CallPlan | undefined };

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
    const plan: { -readonly [K in keyof CallPlan]: CallPlan[K] } = {
      delayBefore: 0,
      delayAfter: 0,
      refusal: undefined,
      outcome: undefined,
      events: undefined,
    };
    for (const state of [...this.#rules]) {
      const { fault } = state.rule;
      const place = PLACES[fault.kind];
      const taken = place !== undefined && plan[place] !== undefined;
      if (taken || !state.strikes(operation, input, this.#random)) {
        continue;
      }
      if (fault.kind === 'latency') {
        plan[fault.applied ? 'delayAfter' : 'delayBefore'] += fault.ms;
      } else if (fault.kind === 'refuse-entries') {
        plan.refusal = fault;
      } else if (fault.kind === 'events') {
        plan.events = fault;
      } else {
        plan.outcome = fault;
      }
    }
    return plan;
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
