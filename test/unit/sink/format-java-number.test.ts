import fc from 'fast-check';
import {
  flatNumber,
  jacksonNumber,
  javaDecimal,
  javaDouble,
  javaFloat,
} from '../../../src/sink/format/java-number';

/** Exact value as a fraction of a power of ten, for comparing texts. */
function exact(text: string): string {
  const [, sign, whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const digits = BigInt(whole + fraction);
  let scale = fraction.length - Number(exponent);
  let rest = digits;
  while (rest !== 0n && rest % 10n === 0n) {
    rest /= 10n;
    scale -= 1;
  }
  return rest === 0n ? '0' : `${sign}${rest}e${-scale}`;
}

const decimalText = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.bigInt({ min: 0n, max: 10n ** 30n }),
    fc.option(fc.stringMatching(/^\d{1,25}$/)),
    fc.option(fc.integer({ min: -400, max: 400 })),
  )
  .map(([sign, whole, fraction, exponent]) => {
    return `${sign}${whole}${fraction === null ? '' : `.${fraction}`}${exponent === null ? '' : `e${exponent}`}`;
  });

describe('numbers as Java writes them', () => {
  it('a double reads back as the same double, in Java notation', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = javaDouble(value);
        expect(Number(text)).toBe(value);
        expect(text).toMatch(/^-?\d+\.\d+(E-?\d+)?$/);
      }),
      { numRuns: 1_000 },
    );
  });

  it('a float reads back as the same float, and no shorter text does', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = javaFloat(value);
        expect(Math.fround(Number(text))).toBe(value);
        const digits = text.replace(/E.*|[-.]/g, '').replace(/^0+|0+$/g, '').length;
        if (digits > 2) {
          expect(Math.fround(Number(value.toPrecision(digits - 1)))).not.toBe(value);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    [3028361.25, '3028361.2'],
    [1.17549435e-38, '1.1754944E-38'],
    [1.4e-45, '1.4E-45'],
    [-0, '-0.0'],
    [1e10, '1.0E10'],
    [0.001, '0.001'],
    [0.00099999, '9.9999E-4'],
  ])('the float %d is %s', (value, text) => {
    expect(javaFloat(Math.fround(value))).toBe(text);
  });

  it.each([
    [5e-324, '4.9E-324'],
    [2e-323, '2.0E-323'],
    [1e23, '1.0E23'],
    [1e21, '1.0E21'],
    [9999999.999, '9999999.999'],
    [123, '123.0'],
  ])('the double %d is %s', (value, text) => {
    expect(javaDouble(value)).toBe(text);
  });

  it.each([
    [10000n, 2, '100.00'],
    [-1n, 6, '-0.000001'],
    [1n, 7, '1E-7'],
    [123n, 8, '0.00000123'],
    [0n, 2, '0.00'],
    [12n, 0, '12'],
  ])('the decimal %d with scale %d is %s', (unscaled, scale, text) => {
    expect(javaDecimal(unscaled, scale)).toBe(text);
  });

  it('a number of a document keeps its exact value, flattened or not', () => {
    fc.assert(
      fc.property(decimalText, (text) => {
        const written = jacksonNumber(text);
        expect(exact(written)).toBe(exact(text));
        expect(exact(flatNumber(written))).toBe(exact(text));
        expect(() => JSON.parse(written)).not.toThrow();
      }),
      { numRuns: 1_000 },
    );
  });
});
