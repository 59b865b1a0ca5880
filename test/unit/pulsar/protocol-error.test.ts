import { ProtocolError, serverError } from '../../../src/pulsar/protocol/protocol-error';

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

test.each([
  [16, "Topic 'persistent://t/n/a' reached max producers limit", 'producer-limit'],
  [16, 'ProducerBusyException: Topic has an existing exclusive producer: standalone-0-0', 'fenced'],
  [16, "Producer with name 'x' is already connected to topic", 'busy'],
  [1, 'Encryption is required in persistent://t/n/a', 'not-allowed'],
  [1, 'no metadata', 'unavailable'],
])('error %i "%s" is %s: the number alone does not tell (4.0.8)', (code, text, kind) => {
  expect(serverError(code, text).kind).toBe(kind);
});

test.each(['quota', 'fenced', 'producer-limit'] as const)(
  'what only others can change (%s) is left to callers, who can tell of it while they wait',
  (kind) => {
    expect(new ProtocolError(kind, '')).toMatchObject({ transient: false });
  },
);
