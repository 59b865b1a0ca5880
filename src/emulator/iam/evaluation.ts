import { type Naming, namingOf, type Principal } from './principal';
import type { AccessRequest, Statement } from './statement';

/** What the policies of one side say. */
type Verdict = 'denied' | 'allowed' | 'silent';

/** The policies that a request meets. */
export interface Policies {
  /** Of the caller. */
  readonly identity: readonly Statement[];
  /** Of the resource, if it has any. */
  readonly resource: readonly Statement[];
  /** Whether the resource is a role: its policy has to allow, whatever the caller's say. */
  readonly trust: boolean;
  /** Whether the resource is in the account of the caller. */
  readonly sameAccount: boolean;
}

/** Why a request is refused. */
export type Refusal =
  | { readonly kind: 'explicit'; readonly side: 'identity' | 'resource' }
  | { readonly kind: 'implicit'; readonly side: 'identity' | 'resource' };

/**
 * Whether a request is refused, and by which side; undefined when it is allowed. Source: IAM User Guide, "Policy
 * evaluation logic": a denial wins; within an account one side is enough (a role's trust policy is always asked), from
 * another account both have to allow.
 */
export function evaluate(
  policies: Policies,
  principal: Principal,
  request: AccessRequest,
): Refusal | undefined {
  const identity = identityVerdict(policies.identity, request);
  const naming = resourceNaming(policies.resource, principal, request);
  if (identity === 'denied' || naming === 'denied') {
    return { kind: 'explicit', side: identity === 'denied' ? 'identity' : 'resource' };
  }
  const { sameAccount, trust } = policies;
  const resourceIsEnough = naming === 'itself' && (sameAccount || principal.federated !== undefined);
  const identityIsEnough = identity === 'allowed' && (naming !== undefined || (sameAccount && !trust));
  if (resourceIsEnough || identityIsEnough) {
    return undefined;
  }
  return { kind: 'implicit', side: identity === 'allowed' ? 'resource' : 'identity' };
}

function identityVerdict(statements: readonly Statement[], request: AccessRequest): Verdict {
  const covering = statements.filter((statement) => statement.covers(request));
  if (covering.some(({ effect }) => effect === 'Deny')) {
    return 'denied';
  }
  return covering.length > 0 ? 'allowed' : 'silent';
}

/** How the resource names the caller where it allows the request. */
function resourceNaming(
  statements: readonly Statement[],
  principal: Principal,
  request: AccessRequest,
): Naming | 'denied' {
  const covering = statements
    .filter((statement) => statement.covers(request))
    .map(({ effect, principal: wanted }) => ({ effect, naming: namingOf(wanted, principal) }));
  if (covering.some(({ effect, naming }) => effect === 'Deny' && naming !== undefined)) {
    return 'denied';
  }
  const namings = covering.map(({ naming }) => naming);
  return namings.includes('itself') ? 'itself' : namings.find((naming) => naming !== undefined);
}
