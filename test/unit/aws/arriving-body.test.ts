import * as fc from 'fast-check';
import { ArrivingBody } from '../../../src/aws/arriving-body';

describe('a body that arrives in pieces', () => {
  it('is whole at the end, whether its length was told or not, or too large to be believed', () => {
    const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { maxLength: 5 });
    fc.assert(
      fc.property(pieces, fc.constantFrom('told', 'unknown', 'unbelievable'), (parts, length) => {
        const whole = Buffer.concat(parts);
        const expected = { told: whole.length, unknown: 0, unbelievable: 2 ** 40 }[length];
        const body = new ArrivingBody(expected);
        for (const part of parts) {
          body.add(Buffer.from(part));
        }
        expect(body.whole()).toEqual(whole);
      }),
      { numRuns: 100 },
    );
  });

  it('is in memory once when its length was told', () => {
    const body = new ArrivingBody(4);
    body.add(Buffer.from('ab'));
    body.add(Buffer.from('cd'));
    expect(body.whole().buffer.byteLength).toBe(4);
  });
});
