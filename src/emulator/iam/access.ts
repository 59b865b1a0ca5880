import type { CallContext } from './condition';
import type { AccessRequest } from './statement';

/** Where a name that is no ARN means something: with the caller. */
export interface Place {
  readonly region: string;
  /** Twelve digits. */
  readonly account: string;
}

/** Members of a request, not yet looked at. */
export type Members = { readonly [name: string]: unknown };

/** What a call asks the policies beside its own action; `action` where it is another one. */
export interface Asked {
  readonly resource: string;
  readonly action?: string;
  readonly context?: CallContext;
}

/** What a call needs; nothing for one that everybody may make. */
export type AccessRule = (input: Members, place: Place) => readonly Asked[];

/** The rules of one service, by its operations. */
export interface ServiceAccess {
  /** Of its actions, for example `kinesis`. */
  readonly prefix: string;
  readonly rules: { readonly [operation: string]: AccessRule };
}

/** Stands for a resource that a request does not name as it should: only a policy for everything allows that. */
export const ANY = '*';

/** An action that knows no resource. */
export const anyResource: AccessRule = () => [{ resource: ANY }];

export const membersOf = (input: unknown): Members =>
  typeof input === 'object' && input !== null ? (input as Members) : {};

export const textOf = (input: Members, name: string): string | undefined => {
  const value = input[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
};

/** Values of condition keys that a request has. */
export function contextOf(values: { readonly [key: string]: string | undefined }): CallContext {
  const present = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present.map(([key, value]) => [key, [value ?? '']]));
}

/** @throws Error when the operation has no rule: then it is nobody's */
export function accessRequests(
  { prefix, rules }: ServiceAccess,
  operation: string,
  input: unknown,
  place: Place,
): AccessRequest[] {
  const rule = Object.hasOwn(rules, operation) ? rules[operation] : undefined;
  if (rule === undefined) {
    throw new Error(`no access rule for ${prefix}:${operation}`);
  }
  return rule(membersOf(input), place).map(
    ({ resource, action = `${prefix}:${operation}`, context = {} }) => ({
      action,
      resource,
      context,
    }),
  );
}
