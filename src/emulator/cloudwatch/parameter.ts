import { invalidValue, missing } from './failure';

/**
 * Members of a request by their paths, such as `MetricData.member.1.Value`. The query protocol has text where JSON has
 * numbers; JSON has text for NaN and the infinities, as Smithy writes them.
 */
export class Parameters {
  readonly #members: { readonly [name: string]: unknown };
  readonly #prefix: string;

  /** @throws ServiceError InvalidParameterValueException unless `value` is a structure. */
  constructor(value: unknown, prefix = '') {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw invalidValue(`The value for parameter ${prefix.slice(0, -1)} is invalid.`);
    }
    this.#members = value as { readonly [name: string]: unknown };
    this.#prefix = prefix;
  }

  has(name: string): boolean {
    return (this.#members[name] ?? undefined) !== undefined;
  }

  path(name: string): string {
    return this.#prefix + name;
  }

  /** 1 to `max` characters. */
  text(name: string, max: number): string {
    const value = this.#members[name] ?? '';
    if (typeof value !== 'string') {
      throw this.invalid(name);
    }
    if (value.length === 0) {
      throw missing(this.path(name));
    }
    if (value.length > max) {
      throw invalidValue(`The parameter ${this.path(name)} must be shorter than ${max + 1} characters.`);
    }
    return value;
  }

  /** A number that CloudWatch takes: neither special nor beyond 2^360. Source: CloudWatch API, MetricDatum: Value. */
  number(name: string): number {
    return this.#numberOf(this.#members[name], name);
  }

  numbers(name: string): number[] {
    return this.#list(name).map((value, index) => this.#numberOf(value, `${name}.member.${index + 1}`));
  }

  structure(name: string): Parameters {
    return new Parameters(this.#members[name], `${this.path(name)}.`);
  }

  /** At most `max` structures; none when the member is absent. */
  structures(name: string, max: number): Parameters[] {
    const values = this.#list(name);
    if (values.length > max) {
      throw invalidValue(`The collection ${this.path(name)} must not have a size greater than ${max}.`);
    }
    return values.map((value, index) => new Parameters(value, `${this.path(name)}.member.${index + 1}.`));
  }

  /** Milliseconds since the epoch, of seconds or an ISO 8601 text. */
  instant(name: string): number {
    const value = this.#members[name];
    const instant = typeof value === 'string' ? Date.parse(value) : this.number(name) * 1000;
    if (Number.isNaN(instant)) {
      throw this.invalid(name);
    }
    return Math.round(instant);
  }

  invalid(name: string): Error {
    return invalidValue(`The value ${this.#members[name]} for parameter ${this.path(name)} is invalid.`);
  }

  #list(name: string): readonly unknown[] {
    const value = this.#members[name] ?? [];
    if (!Array.isArray(value)) {
      throw this.invalid(name);
    }
    return value;
  }

  #numberOf(value: unknown, name: string): number {
    const number = typeof value === 'string' && value !== '' ? Number(value) : value;
    if (value === undefined || value === null) {
      throw missing(this.path(name));
    }
    if (typeof number !== 'number' || !(Math.abs(number) <= 2 ** 360)) {
      throw invalidValue(`The value ${value} for parameter ${this.path(name)} is invalid.`);
    }
    return number;
  }
}
