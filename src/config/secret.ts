import { inspect } from 'node:util';
import type { Secret } from './types';

/** What stands wherever a sensitive value would be printed. */
export const STARS = '***';

class HiddenText implements Secret {
  readonly #value: () => string;
  readonly renew?: () => Promise<void>;

  constructor(value: () => string, renew?: () => Promise<void>) {
    this.#value = value;
    if (renew !== undefined) {
      this.renew = renew;
    }
  }

  reveal(): string {
    return this.#value();
  }

  toString(): string {
    return STARS;
  }

  toJSON(): string {
    return STARS;
  }

  [inspect.custom](): string {
    return STARS;
  }
}

/** Wraps `value` so that printing, serialising and inspecting it show stars (G9). */
export function hide(value: string): Secret {
  return new HiddenText(() => value);
}

/** A text that changes, wrapped. @param renew has it read anew. */
export function hideChanging(value: () => string, renew: () => Promise<void>): Secret {
  return new HiddenText(value, renew);
}

/** What `part` finds in `secret`, each time it is revealed. */
export function derivedSecret(secret: Secret, part: (text: string) => string): Secret {
  return new HiddenText(() => part(secret.reveal()), secret.renew);
}

/** The secret at a path, where it may change; undefined for what stays as it is. */
export type SecretAt = (path: string) => Secret | undefined;

/** `value` when it is a text wrapped by us. */
export function heldSecret(value: unknown): Secret | undefined {
  return value instanceof HiddenText ? value : undefined;
}

/** `value` with every wrapped text in it replaced by the text. */
export function revealAll(value: unknown): unknown {
  if (value instanceof HiddenText) {
    return value.reveal();
  }
  if (Array.isArray(value)) {
    return value.map(revealAll);
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, revealAll(item)]));
  }
  return value;
}

/** A map of secrets that can be read by name, always the newest, but prints and serialises as stars. */
export function hiddenMap(secrets: { readonly [name: string]: string | Secret }): {
  readonly [name: string]: string;
} {
  const stars = (): object => Object.fromEntries(Object.keys(secrets).map((name) => [name, STARS]));
  const entries = Object.entries(secrets).map(([name, value]) => [
    name,
    { enumerable: true, get: () => (typeof value === 'string' ? value : value.reveal()) },
  ]);
  return Object.defineProperties(
    {},
    { ...Object.fromEntries(entries), toJSON: { value: stars }, [inspect.custom]: { value: stars } },
  );
}
