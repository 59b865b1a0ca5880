import fc from 'fast-check';
import { goesDirect } from '../../../src/aws/no-proxy';

const KINESIS = 'kinesis.eu-west-1.amazonaws.com';

test.each([
  ['*', KINESIS, 443, true],
  ['amazonaws.com', KINESIS, 443, true],
  ['.amazonaws.com', KINESIS, 443, true],
  ['*.amazonaws.com', KINESIS, 443, true],
  ['AmazonAWS.com', `${KINESIS}.`, 443, true],
  [KINESIS, KINESIS, 443, true],
  ['aws.com', KINESIS, 443, false],
  ['eu-west-1.amazonaws', KINESIS, 443, false],
  [`${KINESIS}:443`, KINESIS, 443, true],
  [`${KINESIS}:8443`, KINESIS, 443, false],
  ['', KINESIS, 443, false],
  ['.', KINESIS, 443, false],
  ['10.0.0.0/8', '10.1.2.3', 443, true],
  ['10.0.0.0/8', '11.1.2.3', 443, false],
  ['10.1.2.3:4566', '10.1.2.3', 4566, true],
  ['10.1.2.3:4566', '10.1.2.3', 4567, false],
  ['10.0.0.0/99', '10.1.2.3', 443, false],
  ['10.0.0.0/x', '10.1.2.3', 443, false],
  ['2.3', '10.1.2.3', 443, false],
  ['fd00::/8', 'fd12::1', 443, true],
  ['[fd12::1]:443', 'fd12::1', 443, true],
  ['[fd12::1]:80', 'fd12::1', 443, false],
  ['::1', '127.0.0.1', 443, false],
])('%s reaches %s:%s without the proxy: %s', (entry, host, port, direct) => {
  expect(goesDirect([entry], host, port)).toBe(direct);
  expect(goesDirect(['other.example', ` ${entry} `], host, port)).toBe(direct);
});

test('no entry is too strange to be read', () => {
  fc.assert(
    fc.property(fc.string(), fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6()), (entry, host) => {
      expect(typeof goesDirect([entry], host, 443)).toBe('boolean');
    }),
  );
});

test('a name stands for itself and what is below it, and for nothing beside it', () => {
  const names = fc.domain().map((name) => name.toLowerCase());
  fc.assert(
    fc.property(names, fc.domain(), (name, label) => {
      expect(goesDirect([name], name, 443)).toBe(true);
      expect(goesDirect([name], `${label}.${name}`, 443)).toBe(true);
      expect(goesDirect([`${label}.${name}`], name, 443)).toBe(false);
      expect(goesDirect([name], `x${name}`, 443)).toBe(false);
    }),
  );
});
