/** A decimal number: `digits` × 10^−`scale`; `digits` has no leading zeros and is empty for zero. */
interface Decimal {
  readonly negative: boolean;
  readonly digits: string;
  readonly scale: number;
}

/** Most digits of a number written out in full; Java has no such bound and makes megabytes of 1e1000000. */
const MAX_PLAIN_DIGITS = 1_000;
/** Largest scale of a BigDecimal, either sign. */
const MAX_SCALE = 2 ** 31 - 1;

/** What jacksonNumber leaves as it is: whole numbers, and fractions without trailing zeros from 10^−6 upwards. */
const SETTLED = /^-?(?:[1-9]\d*(?:\.\d*[1-9])?|0(?:\.0{0,5}[1-9](?:\d*[1-9])?)?)$/;
/** What flatNumber leaves as it is: fractions of at most 15 digits that Double.toString writes without exponent. */
const PLAIN_DOUBLE = /^-?(?:[1-9]\d{0,6}|0(?=\.0{0,2}[1-9]))\.\d{0,7}[1-9]$/;
const WHOLE = /^-?\d+$/;
const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/**
 * A finite double as Double.toString writes it since JDK 19: the shortest decimal that reads back as the same
 * double, of at least two digits; older JDKs write longer ones now and then.
 */
export function javaDouble(value: number): string {
  if (value === 0) {
    return Object.is(value, -0) ? '-0.0' : '0.0';
  }
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e7) {
    return Number.isInteger(value) ? `${value}.0` : String(value);
  }
  const shortest = value.toExponential();
  // One digit suffices, but of two-digit decimals Java takes the nearest: 4.9E-324, not 5.0E-324.
  return fromExponential(shortest.includes('.') ? shortest : value.toExponential(1));
}

/** A finite float as Float.toString writes it since JDK 19. */
export function javaFloat(value: number): string {
  if (value === 0) {
    return javaDouble(value);
  }
  for (let decimals = 1; ; decimals++) {
    const text = value.toExponential(decimals);
    if (decimals === 8 || Math.fround(Number(text)) === value) {
      return fromExponential(evenOfTwo(value, text, decimals));
    }
  }
}

/**
 * Of two decimals equally near to `value`, toExponential takes the larger and Java the one with an even last digit:
 * 3028361.25 is 3028361.2.
 */
function evenOfTwo(value: number, text: string, decimals: number): string {
  const lastDigit = text.indexOf('e') - 1;
  const digit = Number(text[lastDigit]);
  if (
    digit % 2 === 0 ||
    !/5e/.test(value.toExponential(decimals + 1)) ||
    !/50{30}/.test(value.toExponential(50))
  ) {
    return text;
  }
  const lower = `${text.slice(0, lastDigit)}${digit - 1}${text.slice(lastDigit + 1)}`;
  return Math.fround(Number(lower)) === value ? lower : text;
}

/** Java's layout of `d.ddde±x`: plain from 10^−3 to 10^7, scientific otherwise, always one digit behind the point. */
function fromExponential(text: string): string {
  const [mantissa = '', power = '0'] = text.split('e');
  const negative = mantissa.startsWith('-');
  const digits = mantissa.replace(/[-.]/g, '').replace(/0+$/, '');
  const exponent = Number(power);
  const sign = negative ? '-' : '';
  if (exponent < -3 || exponent >= 7) {
    return `${sign}${digits[0]}.${digits.slice(1) || '0'}E${exponent}`;
  }
  if (exponent < 0) {
    return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  }
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`;
}

/** `unscaled` × 10^−`scale` as BigDecimal.toString writes it. */
export function javaDecimal(unscaled: bigint, scale: number): string {
  const negative = unscaled < 0n;
  const digits = String(negative ? -unscaled : unscaled);
  return decimalText({ negative, digits: digits === '0' ? '' : digits, scale });
}

/**
 * A number of a JSON document as Jackson writes it after reading it as BigInteger or BigDecimal without trailing
 * zeros: 1.10 becomes 1.1, 1e5 becomes 1E+5; the value is always exact.
 */
export function jacksonNumber(text: string): string {
  if (text !== '-0' && SETTLED.test(text)) {
    return text;
  }
  const decimal = stripped(parseDecimal(text));
  if (decimal.digits === '') {
    return '0';
  }
  return Math.abs(decimal.scale) > MAX_SCALE ? text : decimalText(decimal);
}

/**
 * A number as the flattener of the Java connector (json-base, toJavaNumber) writes it: whole numbers in full, others
 * as a double where that is the same decimal, otherwise as they are.
 */
export function flatNumber(text: string): string {
  if (WHOLE.test(text) || PLAIN_DOUBLE.test(text)) {
    return text;
  }
  const decimal = parseDecimal(text);
  if (decimal.scale <= 0) {
    if (decimal.digits.length - decimal.scale > MAX_PLAIN_DIGITS) {
      return text;
    }
    return `${decimal.negative ? '-' : ''}${decimal.digits || '0'}${decimal.digits && '0'.repeat(-decimal.scale)}`;
  }
  if (decimal.digits === '') {
    return '0.0';
  }
  const double = Number(text);
  if (!Number.isFinite(double) || double === 0) {
    return text;
  }
  const written = javaDouble(double);
  const [one, other] = [stripped(decimal), stripped(parseDecimal(written))];
  return one.digits === other.digits && one.scale === other.scale ? written : text;
}

function parseDecimal(text: string): Decimal {
  const [, sign, whole = '', fraction = '', exponent = '0'] = DECIMAL.exec(text) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  return { negative: sign === '-', digits, scale: fraction.length - Number(exponent) };
}

function stripped({ negative, digits, scale }: Decimal): Decimal {
  const kept = digits.replace(/0+$/, '');
  return { negative, digits: kept, scale: scale - (digits.length - kept.length) };
}

/** Source: java.math.BigDecimal.toString, the canonical representation. */
function decimalText({ negative, digits: given, scale }: Decimal): string {
  const digits = given || '0';
  const sign = negative ? '-' : '';
  const exponent = digits.length - 1 - scale;
  if (scale === 0) {
    return `${sign}${digits}`;
  }
  if (scale > 0 && exponent >= -6) {
    const padded = digits.padStart(scale + 1, '0');
    return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
  }
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
  const power = exponent === 0 ? '' : `E${exponent > 0 ? '+' : ''}${exponent}`;
  return `${sign}${digits[0]}${fraction}${power}`;
}
