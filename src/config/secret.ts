import { inspect } from 'node:util';
import type { Secret } from './types';

/** What stands wherever a sensitive value would be printed. */
export const STARS = '***';

class HiddenText implements Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
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
  return new HiddenText(value);
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

/** A map of plain secrets that can be read by name, but prints and serialises as stars. */
export function hiddenMap(secrets: { readonly [name: string]: string }): { readonly [name: string]: string } {
  const stars = (): object => Object.fromEntries(Object.keys(secrets).map((name) => [name, STARS]));
  return Object.defineProperties(
    { ...secrets },
    { toJSON: { value: stars }, [inspect.custom]: { value: stars } },
  );
}
