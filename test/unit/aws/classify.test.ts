import { AdmissionRefused } from '../../../src/aws/answer-handler';
import { type CallContext, classify, mayHaveTakenEffect } from '../../../src/aws/classify';
import { ConnectorError, type ErrorCode } from '../../../src/errors';

const kinesis = (action: string): CallContext => ({ service: 'kinesis', action, resource: 'orders' });
const dynamodb = (action: string): CallContext => ({ service: 'dynamodb', action, resource: 'leases' });
const READ = kinesis('GetRecords');
const ITERATOR = kinesis('GetShardIterator');
const LIST = kinesis('ListShards');
const PUT = kinesis('PutRecords');
const REGISTER = kinesis('RegisterStreamConsumer');
const DESCRIBE = kinesis('DescribeStreamConsumer');
const DEREGISTER = kinesis('DeregisterStreamConsumer');
const SUBSCRIBE = kinesis('SubscribeToShard');
const METRICS: CallContext = { service: 'cloudwatch', action: 'PutMetricData', resource: 'app' };
const UPDATE = dynamodb('UpdateItem');
const BACKUPS = dynamodb('UpdateContinuousBackups');

interface Thrown {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly status?: number;
  readonly corrected?: boolean;
}

function thrown({ name = 'Error', code, message = 'said the service', status, corrected }: Thrown): Error {
  return Object.assign(new Error(message), {
    name,
    ...(code === undefined ? {} : { code }),
    ...(status === undefined && corrected === undefined
      ? {}
      : { $metadata: { httpStatusCode: status, clockSkewCorrected: corrected } }),
  });
}

const TABLE: readonly [Thrown, CallContext, ErrorCode][] = [
  [{ name: 'ValidationException', status: 400 }, PUT, 'AWS_REQUEST_REFUSED'],
  [{ name: 'InvalidArgumentException', status: 400 }, PUT, 'AWS_REQUEST_REFUSED'],
  [{ name: 'ResourceNotFoundException', status: 400 }, PUT, 'KINESIS_STREAM_NOT_FOUND'],
  [{ name: 'InvalidParameterValueException', status: 400 }, METRICS, 'AWS_REQUEST_REFUSED'],
  [{ name: 'ResourceNotFoundException', status: 404 }, METRICS, 'AWS_UNKNOWN'],

  ...fanOutRows(),

  [{ name: 'ProvisionedThroughputExceededException', status: 400 }, READ, 'AWS_THROTTLED'],
  [{ name: 'LimitExceededException', status: 400 }, LIST, 'AWS_THROTTLED'],
  [{ name: 'ThrottlingException', status: 400 }, UPDATE, 'AWS_THROTTLED'],
  [{ name: 'ContinuousBackupsUnavailableException', status: 400 }, BACKUPS, 'LEASE_TABLE_NOT_READY'],
  [{ name: 'TableNotFoundException', status: 400 }, BACKUPS, 'LEASE_TABLE_NOT_FOUND'],
  [{ name: 'RequestLimitExceeded', status: 400 }, UPDATE, 'AWS_THROTTLED'],
  [{ name: 'KMSThrottlingException', status: 400 }, READ, 'AWS_THROTTLED'],
  [{ name: 'Unheard', status: 429 }, READ, 'AWS_THROTTLED'],

  [{ name: 'InternalFailure', status: 500 }, READ, 'AWS_UNAVAILABLE'],
  [{ name: 'InternalServerError', status: 500 }, UPDATE, 'AWS_UNAVAILABLE'],
  [{ name: 'ServiceUnavailable', status: 503 }, READ, 'AWS_UNAVAILABLE'],
  [{ name: 'SyntaxError', message: 'Unexpected token <', status: 502 }, READ, 'AWS_UNAVAILABLE'],
  [{ name: 'TimeoutError', code: 'ECONNRESET' }, UPDATE, 'AWS_UNAVAILABLE'],
  [{ name: 'TimeoutError', code: 'EPIPE' }, UPDATE, 'AWS_UNAVAILABLE'],
  [{ code: 'ECONNREFUSED' }, READ, 'AWS_UNAVAILABLE'],
  [{ code: 'ENOTFOUND' }, READ, 'AWS_UNAVAILABLE'],
  [{ code: 'EAI_AGAIN' }, READ, 'AWS_UNAVAILABLE'],

  [{ name: 'TimeoutError', code: 'ETIMEDOUT' }, READ, 'AWS_TIMEOUT'],
  [{ name: 'TimeoutError' }, READ, 'AWS_TIMEOUT'],
  [{ name: 'RequestTimeoutException', status: 408 }, UPDATE, 'AWS_TIMEOUT'],
  [{ name: 'Unheard', status: 408 }, UPDATE, 'AWS_TIMEOUT'],

  [{ code: 'SELF_SIGNED_CERT_IN_CHAIN' }, READ, 'AWS_TLS'],
  [{ code: 'ERR_TLS_CERT_ALTNAME_INVALID' }, READ, 'AWS_TLS'],
  [{ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }, READ, 'AWS_TLS'],

  [{ name: 'AccessDeniedException', status: 400 }, READ, 'AWS_ACCESS_DENIED'],
  [{ name: 'AccessDenied', status: 403 }, READ, 'AWS_ACCESS_DENIED'],
  [{ name: 'Unheard', status: 403 }, READ, 'AWS_ACCESS_DENIED'],
  [{ name: 'Unheard', status: 413 }, PUT, 'AWS_REQUEST_REFUSED'],

  [{ name: 'CredentialsProviderError' }, READ, 'AWS_CREDENTIALS'],
  [{ name: 'ExpiredTokenException', status: 400 }, READ, 'AWS_CREDENTIALS'],
  [{ name: 'UnrecognizedClientException', status: 400 }, UPDATE, 'AWS_CREDENTIALS'],
  [{ name: 'InvalidSignatureException', status: 400 }, READ, 'AWS_CREDENTIALS'],

  [
    {
      name: 'InvalidSignatureException',
      message: 'Signature expired: 20260101T000000Z is now earlier',
      status: 400,
    },
    READ,
    'AWS_CLOCK_SKEW',
  ],
  [{ name: 'RequestTimeTooSkewed', status: 403 }, READ, 'AWS_CLOCK_SKEW'],
  [{ name: 'InvalidSignatureException', status: 400, corrected: true }, READ, 'AWS_UNAVAILABLE'],
  [{ name: 'RequestTimeTooSkewed', status: 403, corrected: true }, READ, 'AWS_UNAVAILABLE'],
  // With clocks minutes apart the SDK says so on every error; each keeps its own meaning.
  [{ name: 'AccessDeniedException', status: 400, corrected: true }, READ, 'AWS_ACCESS_DENIED'],
  [{ name: 'ExpiredIteratorException', status: 400, corrected: true }, READ, 'KINESIS_ITERATOR_EXPIRED'],
  [
    { name: 'ConditionalCheckFailedException', status: 400, corrected: true },
    UPDATE,
    'LEASE_TABLE_CONDITION',
  ],
  [{ name: 'ResourceNotFoundException', status: 400, corrected: true }, UPDATE, 'LEASE_TABLE_NOT_FOUND'],

  [{ name: 'ExpiredIteratorException', status: 400 }, READ, 'KINESIS_ITERATOR_EXPIRED'],
  [{ name: 'ExpiredNextTokenException', status: 400 }, LIST, 'KINESIS_LISTING_EXPIRED'],
  [{ name: 'InvalidArgumentException', status: 400 }, ITERATOR, 'KINESIS_POSITION_REFUSED'],
  [{ name: 'InvalidArgumentException', status: 400 }, READ, 'KINESIS_POSITION_REFUSED'],
  [{ name: 'InvalidArgumentException', status: 400 }, LIST, 'AWS_REQUEST_REFUSED'],
  [{ name: 'ValidationException', status: 400 }, UPDATE, 'AWS_REQUEST_REFUSED'],
  [{ name: 'UnknownOperationException', status: 400 }, READ, 'AWS_REQUEST_REFUSED'],
  [
    {
      name: 'ResourceNotFoundException',
      message: 'Shard shardId-000000000009 in stream Stream under account 123456789012 does not exist',
      status: 400,
    },
    ITERATOR,
    'KINESIS_SHARD_NOT_FOUND',
  ],
  [
    {
      name: 'ResourceNotFoundException',
      message: 'Stream Shard under account 123456789012 not found.',
      status: 400,
    },
    ITERATOR,
    'KINESIS_STREAM_NOT_FOUND',
  ],
  [{ name: 'ResourceNotFoundException', status: 400 }, LIST, 'KINESIS_STREAM_NOT_FOUND'],
  [{ name: 'ResourceInUseException', status: 400 }, LIST, 'KINESIS_STREAM_NOT_READY'],
  [{ name: 'KMSDisabledException', status: 400 }, READ, 'KINESIS_KMS'],
  [{ name: 'KMSAccessDeniedException', status: 400 }, READ, 'KINESIS_KMS'],

  [{ name: 'ConditionalCheckFailedException', status: 400 }, UPDATE, 'LEASE_TABLE_CONDITION'],
  [{ name: 'ResourceNotFoundException', status: 400 }, UPDATE, 'LEASE_TABLE_NOT_FOUND'],
  [{ name: 'ResourceInUseException', status: 400 }, dynamodb('CreateTable'), 'LEASE_TABLE_NOT_READY'],
  [{ name: 'TransactionConflictException', status: 400 }, UPDATE, 'AWS_UNAVAILABLE'],

  [{ message: 'Region is missing' }, READ, 'AWS_REGION_MISSING'],
  [{ name: 'NeverHeardOfException', status: 400 }, READ, 'AWS_UNKNOWN'],
  [{ name: 'constructor', status: 400 }, READ, 'AWS_UNKNOWN'],
];

/** Kinesis has few names for what may be wrong with a consumer; the words tell. */
function fanOutRows(): [Thrown, CallContext, ErrorCode][] {
  const missing = (message: string): Thrown => ({ name: 'ResourceNotFoundException', message, status: 400 });
  const inUse = (message: string): Thrown => ({ name: 'ResourceInUseException', message, status: 400 });
  const limit = (message: string): Thrown => ({ name: 'LimitExceededException', message, status: 400 });
  const notActive =
    'Consumer c with creation timestamp 1731291806 under stream: s , account 1 is not in ACTIVE status.';
  return [
    [missing('Consumer c under stream s not found.'), DESCRIBE, 'KINESIS_CONSUMER_NOT_FOUND'],
    [missing('ConsumerName c not found on stream s'), DESCRIBE, 'KINESIS_CONSUMER_NOT_FOUND'],
    [missing('Stream s under account 1 not found.'), DESCRIBE, 'KINESIS_STREAM_NOT_FOUND'],
    [missing('ConsumerARN c not found'), DEREGISTER, 'KINESIS_CONSUMER_NOT_FOUND'],
    [missing('Stream arn s not found'), REGISTER, 'KINESIS_STREAM_NOT_FOUND'],
    [missing('Consumer c not found'), SUBSCRIBE, 'KINESIS_CONSUMER_NOT_FOUND'],
    [missing('Shard shard-9 in stream s does not exist'), SUBSCRIBE, 'KINESIS_SHARD_NOT_FOUND'],
    [missing('The stream is gone'), SUBSCRIBE, 'KINESIS_STREAM_NOT_FOUND'],
    [inUse('Consumer c exists'), REGISTER, 'KINESIS_CONSUMER_NOT_READY'],
    [inUse(notActive), DEREGISTER, 'KINESIS_CONSUMER_NOT_READY'],
    [inUse('Stream s is being deleted.'), REGISTER, 'KINESIS_STREAM_NOT_READY'],
    [inUse(notActive), SUBSCRIBE, 'KINESIS_CONSUMER_NOT_READY'],
    [
      inUse('Another active subscription exists for this consumer: 1:s:shard:c'),
      SUBSCRIBE,
      'KINESIS_SUBSCRIPTION_IN_USE',
    ],
    [limit('Stream s has 20 consumers'), REGISTER, 'KINESIS_CONSUMER_LIMIT'],
    [limit('Rate exceeded for stream s'), REGISTER, 'AWS_THROTTLED'],
    [limit('slower'), DESCRIBE, 'AWS_THROTTLED'],
    [limit('slower'), SUBSCRIBE, 'AWS_THROTTLED'],
    [{ name: 'InvalidArgumentException', status: 400 }, SUBSCRIBE, 'KINESIS_POSITION_REFUSED'],
    [{ code: 'ERR_HTTP2_STREAM_ERROR' }, SUBSCRIBE, 'AWS_UNAVAILABLE'],
    [{ code: 'ERR_HTTP2_GOAWAY_SESSION' }, SUBSCRIBE, 'AWS_UNAVAILABLE'],
  ];
}

describe('errors of AWS calls', () => {
  it.each(TABLE)('%j on %j is %s', (given, context, code) => {
    const cause = thrown(given);
    expect(classify(cause, context)).toMatchObject({ code, cause });
  });

  it('name call, resource and what was said', () => {
    const error = classify(thrown({ name: 'InternalFailure', status: 500 }), READ);
    expect(error).toMatchObject({
      message: 'kinesis:GetRecords on orders failed: InternalFailure (HTTP 500)',
    });
  });

  it('say which permission is wanting, on what', () => {
    expect(classify(thrown({ name: 'AccessDeniedException' }), READ)).toMatchObject({
      hint: 'Grant kinesis:GetRecords on orders to the role in use.',
    });
  });

  const IDENTITY = 'arn:aws:sts::123456789012:assumed-role/connectors/session';
  const ROLE = 'arn:aws:iam::210987654321:role/reader';

  it.each([
    ['because no identity-based policy allows the ACTION action', `Grant ACTION on ${ROLE} to ${IDENTITY}.`],
    [
      'because no resource-based policy allows the ACTION action',
      `Grant ACTION to ${IDENTITY} in the trust policy of ${ROLE}.`,
    ],
    [
      'with an explicit deny in a service control policy',
      `The service control policy denies ACTION on ${ROLE} to ${IDENTITY}: remove that.`,
    ],
    [
      '',
      `Grant ACTION on ${ROLE} to ${IDENTITY}, and name that in the trust policy of the role, with the external id that it asks for.`,
    ],
  ])('name who, what and where as IAM does: %s', (why, hint) => {
    const action = (text: string): string => text.replaceAll('ACTION', 'sts:AssumeRole');
    const message = action(
      `User: ${IDENTITY} is not authorized to perform: ACTION on resource: ${ROLE} ${why}`,
    );
    expect(classify(thrown({ name: 'AccessDenied', message }), READ)).toMatchObject({ hint: action(hint) });
  });

  it('never carry the headers a refused signature quotes', () => {
    const message =
      "The request signature we calculated does not match.\n\nThe Canonical String was\n'POST\nx-amz-security-token:SECRET'";
    const error = classify(thrown({ name: 'InvalidSignatureException', message }), READ) as ConnectorError;
    expect(error.cause).toMatchObject({ message: 'The request signature we calculated does not match.' });
    expect(`${error.message}${error.found}${(error.cause as Error).stack}`).not.toContain('SECRET');
  });

  it('give way to the reason of the signal that ended the call', () => {
    const reason = new ConnectorError('LEASE_LOST', 'gone');
    const aborted = AbortSignal.abort(reason);
    expect(classify(thrown({ name: 'AbortError' }), READ, aborted)).toBe(reason);
  });

  it('hand on what admission threw, and errors that are classified already', () => {
    const cause = new Error('no room');
    expect(classify(new AdmissionRefused(cause), READ)).toBe(cause);
    const own = new ConnectorError('AWS_UNKNOWN', 'own');
    expect(classify(own, READ)).toBe(own);
  });
});

describe('a failed call may have had an effect', () => {
  const refused = { code: 'ECONNREFUSED', syscall: 'connect' };
  const connect = (members: object): Error => Object.assign(new Error('no connection'), members);

  it.each<[string, unknown, boolean]>([
    ['unless it was throttled', new ConnectorError('AWS_THROTTLED', 'slow down'), false],
    ['unless it was not allowed', new ConnectorError('AWS_ACCESS_DENIED', 'no'), false],
    ['unless it could not be signed', classify(thrown({ name: 'CredentialsProviderError' }), PUT), false],
    ['when it timed out', new ConnectorError('AWS_TIMEOUT', 'nothing came'), true],
    ['when the service is absent', new ConnectorError('AWS_UNAVAILABLE', 'gone'), true],
    ['when the signal ended it', new Error('stopped'), true],
    ['when nobody can tell', 'text', true],
    ['when the connection broke', classify(connect({ code: 'ECONNRESET', syscall: 'read' }), PUT), true],
    [
      'when the host became unreachable',
      classify(connect({ code: 'EHOSTUNREACH', syscall: 'write' }), PUT),
      true,
    ],
    [
      'unless the host was unreachable',
      classify(connect({ code: 'EHOSTUNREACH', syscall: 'connect' }), PUT),
      false,
    ],
    [
      'unless the host has no address',
      classify(connect({ code: 'ENOTFOUND', syscall: 'getaddrinfo' }), PUT),
      false,
    ],
    [
      'when one of several addresses took the connection',
      classify(
        connect({ code: 'ECONNREFUSED', errors: [connect(refused), connect({ syscall: 'read' })] }),
        PUT,
      ),
      true,
    ],
    [
      'unless the signature was too old, also where its error quotes headers',
      classify(
        thrown({
          name: 'InvalidSignatureException',
          message: 'Signature expired\nx-amz-date: then',
          status: 403,
          corrected: true,
        }),
        PUT,
      ),
      false,
    ],
  ])('%s', (_when, error, effect) => {
    expect(mayHaveTakenEffect(error)).toBe(effect);
  });
});
