import type { Permission, Phase } from './permission';
import { type PolicyDocument, policyDocuments } from './policy-document';

/** The policies of one identity. */
export interface IdentityPolicies {
  /** See Permission.identity. */
  readonly identity: string | undefined;
  /** All of them are to be attached; more than one only where one would be larger than AWS allows. */
  readonly documents: readonly PolicyDocument[];
}

/** What a running connector needs. */
export const DEFAULT_PHASES: readonly Phase[] = ['first-start', 'steady', 'sink'];

/** Policies that allow what `permissions` say of `phases`, the process's own identity first. */
export function policiesOf(
  permissions: readonly Permission[],
  phases: readonly Phase[] = DEFAULT_PHASES,
): IdentityPolicies[] {
  const needed = inPhases(permissions, phases);
  const names = new Set(needed.map(({ identity }) => identity ?? ''));
  return [...names].sort().map((name) => ({
    identity: name === '' ? undefined : name,
    documents: policyDocuments(needed.filter(({ identity }) => (identity ?? '') === name)),
  }));
}

/** Those among `permissions` that are needed in one of `phases`. */
export function inPhases(permissions: readonly Permission[], phases: readonly Phase[]): Permission[] {
  return permissions.filter((one) => one.phases.some((phase) => phases.includes(phase)));
}
