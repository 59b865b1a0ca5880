import { serverError } from '../../../src/pulsar/protocol/protocol-error';

test.each([
  [0, 'Consumer that failed is already present on the connection'],
  [0, 'Producer that failed is already present on the connection'],
  [6, 'Consumer is already present on the connection'],
])('an earlier try that the broker has not let go of is tried again: error %i, %s', (code, text) => {
  const error = serverError(code, text);
  expect(error.transient).toBe(true);
  expect(error.message).toContain(text);
});

test('what a broker has no number for is not taken for transient', () => {
  expect(serverError(0, 'something else')).toMatchObject({ kind: 'unknown', transient: false });
  expect(serverError(99, undefined)).toMatchObject({ kind: 'unknown', message: 'error 99' });
});
