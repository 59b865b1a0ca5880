import type { ServiceError } from '../service-model';
import { validation } from './failure';

/**
 * An exact decimal number: `digits × 10^exponent`, digits without trailing zeros (0 has exponent 0).
 * DynamoDB numbers have up to 38 significant digits and magnitudes from 1e-130 to 9.99…e125.
 * Source: Developer Guide, "Supported data types and naming rules", Number.
 */
export interface Decimal {
  readonly digits: bigint;
  readonly exponent: number;
}

const MAX_DIGITS = 38;
const MAX_MAGNITUDE = 125;
const MIN_MAGNITUDE = -130;
const SYNTAX = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;

const notNumeric = (text: string): ServiceError =>
  validation(`The parameter cannot be converted to a numeric value${text === '' ? '' : `: ${text}`}`);

/** @throws ValidationException when `text` is no number or out of range */
export function parseDecimal(text: string): Decimal {
  const [matched, sign, whole = '', fraction = '', power = '0'] = SYNTAX.exec(text) ?? [];
  if (matched === undefined || whole + fraction === '') {
    throw notNumeric(text);
  }
  return bounded(sign === '-', whole + fraction, Number(power) - fraction.length);
}

/** Plain notation, as DynamoDB answers: no exponent, no leading or trailing zeros. */
export function formatDecimal({ digits, exponent }: Decimal): string {
  const sign = digits < 0n ? '-' : '';
  const figures = (digits < 0n ? -digits : digits).toString();
  if (exponent >= 0) {
    return sign + figures + '0'.repeat(exponent);
  }
  const padded = figures.padStart(1 - exponent, '0');
  return `${sign}${padded.slice(0, exponent)}.${padded.slice(exponent)}`;
}

/** @throws ValidationException when the sum does not fit */
export function addDecimals(a: Decimal, b: Decimal): Decimal {
  const exponent = Math.min(a.exponent, b.exponent);
  const sum = scaled(a, exponent) + scaled(b, exponent);
  return sum < 0n ? bounded(true, (-sum).toString(), exponent) : bounded(false, sum.toString(), exponent);
}

export function negateDecimal({ digits, exponent }: Decimal): Decimal {
  return { digits: -digits, exponent };
}

/** Negative, 0 or positive, as `a` is below, equal to or above `b`. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const exponent = Math.min(a.exponent, b.exponent);
  const left = scaled(a, exponent);
  const right = scaled(b, exponent);
  return left < right ? -1 : left > right ? 1 : 0;
}

const scaled = ({ digits, exponent }: Decimal, to: number): bigint => digits * 10n ** BigInt(exponent - to);

function bounded(negative: boolean, figures: string, exponent: number): Decimal {
  const leading = figures.replace(/^0+/, '');
  const significant = leading.replace(/0+$/, '');
  if (significant === '') {
    return { digits: 0n, exponent: 0 };
  }
  const magnitude = exponent + leading.length - 1;
  if (magnitude > MAX_MAGNITUDE || magnitude < MIN_MAGNITUDE) {
    const [what, than] = magnitude > 0 ? ['overflow', 'larger'] : ['underflow', 'smaller'];
    throw validation(
      `Number ${what}. Attempting to store a number with magnitude ${than} than supported range`,
    );
  }
  if (significant.length > MAX_DIGITS) {
    throw validation('Attempting to store more than 38 significant digits in a Number');
  }
  const digits = BigInt(significant);
  return { digits: negative ? -digits : digits, exponent: exponent + leading.length - significant.length };
}
