import fc from 'fast-check';
import {
  formatStreamArn,
  formatStreamIdentity,
  looksLikeArn,
  parseStreamArn,
  streamIdentity,
} from '../../../src/stream/stream-arn';

describe('ARN of a stream', () => {
  it('gives back exactly what it was made of', () => {
    const arn = fc.record({
      partition: fc.constantFrom('aws', 'aws-cn', 'aws-us-gov'),
      region: fc.constantFrom('us-east-1', 'cn-north-1', 'us-gov-west-1', 'ap-southeast-2'),
      accountId: fc.stringMatching(/^[0-9]{12}$/),
      name: fc.stringMatching(/^[A-Za-z0-9_.-]{1,128}$/),
    });
    fc.assert(
      fc.property(arn, (parts) => {
        expect(parseStreamArn(formatStreamArn(parts))).toEqual(parts);
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    'orders',
    'arn:aws:kinesis:us-east-1:123:stream/orders',
    'arn:aws:kinesis:us-east-1:123456789012:stream/',
    'arn:aws:kinesis:us-east-1:123456789012:stream/orders/consumer/app:1',
    'arn:aws:dynamodb:us-east-1:123456789012:table/orders',
  ])('refuses %s, saying what one looks like', (text) => {
    expect(() => parseStreamArn(text)).toThrow(
      expect.objectContaining({
        code: 'STREAM_ARN_INVALID',
        found: text,
        expected: expect.stringContaining('stream/NAME'),
      }),
    );
  });

  it('is told from a name by its first letters', () => {
    expect(looksLikeArn('arn:aws:kinesis:x')).toBe(true);
    expect(looksLikeArn('barn:door')).toBe(false);
  });
});

it('two streams of one name have two identities', () => {
  const arn = 'arn:aws:kinesis:eu-west-1:123456789012:stream/orders';
  const first = formatStreamIdentity(streamIdentity({ arn, createdAt: 1_700_000_000_500 }));
  const second = formatStreamIdentity(streamIdentity({ arn, createdAt: 1_700_000_900_000 }));
  expect(first).toBe('123456789012:eu-west-1:orders:1700000000');
  expect(second).not.toBe(first);
});
