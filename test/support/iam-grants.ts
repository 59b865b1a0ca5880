import type { Permission } from '../../src/iam/permission';
import type { IdentityPolicies } from '../../src/iam/policies';
import type { PolicyDocument } from '../../src/iam/policy-document';

/** One action of one statement. */
export interface Grant {
  readonly identity: string | undefined;
  readonly action: string;
  readonly resources: readonly string[];
}

/** Whether a resource of a policy means `text`. */
export function matches(pattern: string, text: string): boolean {
  const source = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*');
  return new RegExp(`^${source}$`).test(text);
}

export const nameOf = ({ identity, action, resources }: Grant): string =>
  `${action} on ${resources.join(' ')} for ${identity}`;

/** Every action of every statement. */
export function grantsOf(policies: readonly IdentityPolicies[]): Grant[] {
  return policies.flatMap(({ identity, documents }) =>
    documents.flatMap(({ Statement }) =>
      Statement.flatMap(({ Action, Resource }) =>
        Action.map((action) => ({ identity, action, resources: Resource })),
      ),
    ),
  );
}

/** The same policies without one action of one statement. */
export function withoutGrant(policies: readonly IdentityPolicies[], grant: Grant): IdentityPolicies[] {
  const documentWithout = (document: PolicyDocument): PolicyDocument => ({
    ...document,
    Statement: document.Statement.map((statement) =>
      sameTexts(statement.Resource, grant.resources)
        ? { ...statement, Action: statement.Action.filter((action) => action !== grant.action) }
        : statement,
    ).filter(({ Action }) => Action.length > 0),
  });
  return policies.map((one) =>
    one.identity === grant.identity ? { ...one, documents: one.documents.map(documentWithout) } : one,
  );
}

/** Whether the connectors are said to do without it. */
export function isOptional(
  permissions: readonly Permission[],
  { identity, action, resources }: Grant,
): boolean {
  const meant = permissions.filter(
    (one) =>
      one.action === action &&
      (one.identity ?? undefined) === identity &&
      one.resources.some((resource) => resources.includes(resource)),
  );
  return meant.length > 0 && meant.every(({ optional }) => optional);
}

const sameTexts = (a: readonly string[], b: readonly string[]): boolean => a.join() === b.join();
