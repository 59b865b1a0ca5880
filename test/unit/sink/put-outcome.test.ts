import { ConnectorError, type ErrorCode } from '../../../src/errors';
import { entryOutcome, requestOutcome } from '../../../src/sink/put-outcome';

const refusal = (errorCode: string) => ({ accepted: false as const, errorCode, errorMessage: 'because' });

test.each([
  ['ProvisionedThroughputExceededException', true],
  ['KMSThrottlingException', true],
  ['InternalFailure', false],
  ['ServiceUnavailable', false],
])('an entry refused with %s is sent again; slower: %s', (code, throttled) => {
  expect(entryOutcome(refusal(code), 'orders')).toEqual({ type: 'again', throttled });
});

test.each([
  ['KMSDisabledException', 'KINESIS_KMS'],
  ['AccessDeniedException', 'AWS_ACCESS_DENIED'],
  ['NobodyKnowsThisException', 'AWS_UNKNOWN'],
])('an entry refused with %s ends the sink', (errorCode, code) => {
  const outcome = entryOutcome(refusal(errorCode), 'orders');
  expect(outcome).toMatchObject({ type: 'fatal', error: { code } });
  expect(outcome.type === 'fatal' && outcome.error.message).toContain('kinesis:PutRecords on orders');
});

const failed = (code: ErrorCode, cause?: unknown) => new ConnectorError(code, 'failed', { cause });
const named = (name: string, fields: object = {}) => Object.assign(new Error('x'), { name }, fields);

test.each<[string, ConnectorError, boolean]>([
  ['a time-out', failed('AWS_TIMEOUT'), true],
  [
    'HTTP 500',
    failed('AWS_UNAVAILABLE', named('InternalFailure', { $metadata: { httpStatusCode: 500 } })),
    true,
  ],
  [
    'a broken connection',
    failed('AWS_UNAVAILABLE', named('Error', { code: 'ECONNRESET', syscall: 'read' })),
    true,
  ],
  [
    'no connection at all',
    failed('AWS_UNAVAILABLE', named('Error', { code: 'ECONNREFUSED', syscall: 'connect' })),
    false,
  ],
  ['throttling', failed('AWS_THROTTLED'), false],
])('a request that met %s is sent again', (_what, error, ambiguous) => {
  expect(requestOutcome(error, 0)).toMatchObject({ type: 'again', ambiguous });
});

test('errors that may heal end the sink at the fifth in a row', () => {
  const error = failed('AWS_CREDENTIALS');
  expect(requestOutcome(error, 3)).toMatchObject({ type: 'again', bounded: true });
  expect(requestOutcome(error, 4)).toEqual({ type: 'fatal', error });
});

test('an invalid request is taken apart, one of a wrong form is not', () => {
  const invalid = failed('AWS_REQUEST_REFUSED', named('ValidationException'));
  expect(requestOutcome(invalid, 0)).toEqual({ type: 'isolate', error: invalid });
  const form = failed('AWS_REQUEST_REFUSED', named('SerializationException'));
  expect(requestOutcome(form, 0)).toEqual({ type: 'fatal', error: form });
});

test('what is no ConnectorError is a defect, and ends the sink', () => {
  expect(requestOutcome(new TypeError('x is undefined'), 0)).toMatchObject({ type: 'fatal' });
});
