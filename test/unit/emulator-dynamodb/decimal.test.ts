import fc from 'fast-check';
import {
  addDecimals,
  compareDecimals,
  formatDecimal,
  negateDecimal,
  parseDecimal,
} from '../../../src/emulator/dynamodb/decimal';

/** `digits` at a scale of 20 places, so that a bigint of the same scale is the exact number. */
const SCALE = 20;
const scaled = fc.bigInt({ min: -(10n ** 37n), max: 10n ** 37n });
function textOf(value: bigint): string {
  const figures = (value < 0n ? -value : value).toString().padStart(SCALE + 1, '0');
  return `${value < 0n ? '-' : ''}${figures.slice(0, -SCALE)}.${figures.slice(-SCALE)}`;
}

describe('decimals', () => {
  test.each([
    ['0', '0'],
    ['-0.000', '0'],
    ['007', '7'],
    ['+5', '5'],
    ['5.', '5'],
    ['.50', '0.5'],
    ['1e3', '1000'],
    ['1.5E-3', '0.0015'],
    ['-12.3400', '-12.34'],
    ['99999999999999999999999999999999999999', '99999999999999999999999999999999999999'],
    ['1e-130', `0.${'0'.repeat(129)}1`],
    ['9.9e125', `99${'0'.repeat(124)}`],
  ])('%s is told as %s', (given, told) => {
    expect(formatDecimal(parseDecimal(given))).toBe(told);
  });

  test.each(['', '.', '-', 'e5', '1e', '0x10', ' 1', 'NaN', 'Infinity', '1_000'])(
    '%j is no number',
    (given) => {
      expect(() => parseDecimal(given)).toThrow('cannot be converted to a numeric value');
    },
  );

  test.each([
    ['1e126', 'Number overflow'],
    ['-1e126', 'Number overflow'],
    ['1e-131', 'Number underflow'],
    ['1e999999999999', 'Number overflow'],
    [`1${'0'.repeat(37)}1`, 'more than 38 significant digits'],
  ])('%s is out of range: %s', (given, message) => {
    expect(() => parseDecimal(given)).toThrow(message);
  });

  test('a sum that does not fit is refused, never rounded', () => {
    const sum = (a: string, b: string): unknown => addDecimals(parseDecimal(a), parseDecimal(b));
    expect(() => sum('99999999999999999999999999999999999999', '0.1')).toThrow('38 significant digits');
    expect(() => sum('9e125', '1e125')).toThrow('Number overflow');
  });

  test('addition, negation and order are those of exact numbers', () => {
    fc.assert(
      fc.property(scaled, scaled, (a, b) => {
        const left = parseDecimal(textOf(a));
        const right = parseDecimal(textOf(b));
        expect(addDecimals(left, right)).toEqual(parseDecimal(textOf(a + b)));
        expect(addDecimals(left, negateDecimal(right))).toEqual(parseDecimal(textOf(a - b)));
        expect(Math.sign(compareDecimals(left, right))).toBe(a < b ? -1 : a > b ? 1 : 0);
      }),
      { numRuns: 500 },
    );
  });

  test('what was told is read as the same number', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }),
        fc.integer({ min: -130, max: 88 }),
        (digits, power) => {
          const number = parseDecimal(`${digits}e${power}`);
          expect(parseDecimal(formatDecimal(number))).toEqual(number);
        },
      ),
      { numRuns: 500 },
    );
  });
});
