import { types } from 'node:util';
import { ConnectorError, type ErrorCode, messageOf } from '../errors';
import { accessDeniedHint } from './access-denied';
import { AdmissionRefused, ConnectionFailed } from './answer-handler';
import { CODES, ERRNO_CODES, HTTP2_ERRNO, TLS_ERRNO } from './error-codes';
import { CredentialsFailed } from './renewed-credentials';

/** Prefix of the IAM actions. */
export type Service = 'kinesis' | 'dynamodb' | 'cloudwatch' | 'sts' | 'secretsmanager';

/** Which call failed, for the message and the hint. */
export interface CallContext {
  readonly service: Service;
  /** For example `GetRecords`. */
  readonly action: string;
  /** Stream, shard or table, for people. */
  readonly resource: string;
}

const CLOCK_NAMES = new Set(['RequestTimeTooSkewed', 'RequestExpired', 'RequestInTheFuture']);
/** What a signature made with a wrong clock may be refused as. */
const SIGNATURE_NAMES = new Set(['InvalidSignatureException', 'SignatureDoesNotMatch', 'AuthFailure']);
const CLOCK_MESSAGE = /signature (expired|not yet current)/i;
const READ_ACTIONS = new Set(['GetRecords', 'GetShardIterator', 'SubscribeToShard']);
const CONSUMER_ACTIONS = new Set(['DescribeStreamConsumer', 'DeregisterStreamConsumer']);
/** "Stream X under account Y not found", "Stream arn X not found". */
const STREAM_MESSAGE = /^\s*(the )?stream\b/i;
const CONSUMER_MESSAGE = /^\s*(the )?consumer/i;
/** "Consumer X under stream Y is not in ACTIVE status", but "Another active subscription exists for this consumer". */
const NOT_ACTIVE_MESSAGE = /\bnot (in )?(an? )?ACTIVE\b|must be in the ACTIVE state/i;

interface SdkError {
  readonly name: string;
  readonly code?: unknown;
  readonly message: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly clockSkewCorrected?: boolean };
}

/**
 * What to throw for anything a call of the SDK threw: the reason of the signal when that ended the call, what
 * `admit` threw when that did, otherwise a ConnectorError with the service's own error as its cause.
 */
export function classify(thrown: unknown, context: CallContext, signal?: AbortSignal): unknown {
  if (signal?.aborted) {
    return signal.reason;
  }
  if (thrown instanceof AdmissionRefused) {
    return thrown.cause;
  }
  const error =
    thrown instanceof ConnectionFailed || thrown instanceof CredentialsFailed ? thrown.cause : thrown;
  if (error instanceof ConnectorError || !types.isNativeError(error)) {
    return error;
  }
  const sdk: SdkError = error;
  const status = sdk.$metadata?.httpStatusCode;
  const code = codeOf(sdk, status, context);
  const what = typeof sdk.code === 'string' ? sdk.code : sdk.name;
  return new ConnectorError(
    code,
    `${context.service}:${context.action} on ${context.resource} failed: ${what}${status === undefined ? '' : ` (HTTP ${status})`}`,
    { ...hintOf(code, sdk, context), cause: withoutSecrets(error) },
  );
}

function codeOf(error: SdkError, status: number | undefined, context: CallContext): ErrorCode {
  if (CLOCK_MESSAGE.test(error.message) || CLOCK_NAMES.has(error.name)) {
    // The SDK takes the service's time from such an answer; then the next signature will do. It marks other errors
    // as well once the clocks differ by minutes, and those mean what they say.
    return error.$metadata?.clockSkewCorrected === true ? 'AWS_UNAVAILABLE' : 'AWS_CLOCK_SKEW';
  }
  if (SIGNATURE_NAMES.has(error.name) && error.$metadata?.clockSkewCorrected === true) {
    return 'AWS_UNAVAILABLE';
  }
  // Before the name: the HTTP handler calls a reset connection TimeoutError.
  if (typeof error.code === 'string') {
    const code = ERRNO_CODES.get(error.code) ?? codeOfErrno(error.code);
    if (code !== undefined) {
      return code;
    }
  }
  return codeOfCall(error, context) ?? CODES.get(error.name) ?? codeOfStatus(status) ?? 'AWS_UNKNOWN';
}

function codeOfErrno(errno: string): ErrorCode | undefined {
  if (TLS_ERRNO.test(errno)) {
    return 'AWS_TLS';
  }
  return HTTP2_ERRNO.test(errno) ? 'AWS_UNAVAILABLE' : undefined;
}

/** Names whose meaning depends on the call. */
function codeOfCall(error: SdkError, context: CallContext): ErrorCode | undefined {
  const { service } = context;
  const kinesis = service === 'kinesis';
  const read = kinesis && READ_ACTIONS.has(context.action);
  switch (error.name) {
    case 'ResourceNotFoundException':
      if (!kinesis) {
        return service === 'dynamodb' ? 'LEASE_TABLE_NOT_FOUND' : undefined;
      }
      return missingPart(error.message, context.action);
    case 'ResourceInUseException':
      return kinesis ? partInUse(error.message, context.action) : 'LEASE_TABLE_NOT_READY';
    case 'LimitExceededException':
      // The other limit of the call is a rate.
      return context.action === 'RegisterStreamConsumer' && !/\brate\b/i.test(error.message)
        ? 'KINESIS_CONSUMER_LIMIT'
        : undefined;
    case 'InvalidArgumentException':
    case 'ValidationException':
      return read ? 'KINESIS_POSITION_REFUSED' : 'AWS_REQUEST_REFUSED';
    case 'InvalidParameterValueException':
    case 'InvalidParameterCombinationException':
    case 'MissingRequiredParameterException':
    case 'SerializationException':
    case 'UnknownOperationException':
      return 'AWS_REQUEST_REFUSED';
    default:
      return error.message === 'Region is missing' ? 'AWS_REGION_MISSING' : undefined;
  }
}

/** Kinesis has one name for whatever it does not find; the message begins with the thing. */
function missingPart(message: string, action: string): ErrorCode {
  if (STREAM_MESSAGE.test(message)) {
    return 'KINESIS_STREAM_NOT_FOUND';
  }
  if (CONSUMER_ACTIONS.has(action) || (action === 'SubscribeToShard' && CONSUMER_MESSAGE.test(message))) {
    return 'KINESIS_CONSUMER_NOT_FOUND';
  }
  // "Shard X in stream Y under account Z does not exist".
  return READ_ACTIONS.has(action) ? 'KINESIS_SHARD_NOT_FOUND' : 'KINESIS_STREAM_NOT_FOUND';
}

/** The same for whatever is not in the state that a call needs. */
function partInUse(message: string, action: string): ErrorCode {
  if (action === 'SubscribeToShard') {
    return NOT_ACTIVE_MESSAGE.test(message) ? 'KINESIS_CONSUMER_NOT_READY' : 'KINESIS_SUBSCRIPTION_IN_USE';
  }
  // A consumer of that name exists, or is being made or deleted.
  const consumers = CONSUMER_ACTIONS.has(action) || action === 'RegisterStreamConsumer';
  return consumers && !STREAM_MESSAGE.test(message)
    ? 'KINESIS_CONSUMER_NOT_READY'
    : 'KINESIS_STREAM_NOT_READY';
}

function codeOfStatus(status: number | undefined): ErrorCode | undefined {
  if (status === undefined) {
    return undefined;
  }
  if (status === 408) {
    return 'AWS_TIMEOUT';
  }
  if (status === 429) {
    return 'AWS_THROTTLED';
  }
  if (status === 401 || status === 403) {
    return 'AWS_ACCESS_DENIED';
  }
  if (status === 413) {
    return 'AWS_REQUEST_REFUSED';
  }
  return status >= 500 ? 'AWS_UNAVAILABLE' : undefined;
}

function hintOf(code: ErrorCode, error: SdkError, context: CallContext): { hint?: string } {
  if (code === 'KINESIS_KMS' && context.action === 'PutRecords') {
    return { hint: 'Allow kms:GenerateDataKey on the key of the stream, and check that the key is enabled.' };
  }
  if (code !== 'AWS_ACCESS_DENIED') {
    return {};
  }
  const { service, action, resource } = context;
  return { hint: accessDeniedHint(error.message, { action: `${service}:${action}`, resource }) };
}

/** A refused signature quotes the signed headers, the session token among them (G9): only its first line is kept. */
function withoutSecrets(error: Error): Error {
  const [firstLine = '', ...rest] = messageOf(error).split('\n');
  if (rest.length === 0) {
    return error;
  }
  const { name, $metadata }: SdkError = error;
  return Object.assign(new Error(firstLine), { name, $metadata });
}

/** Answers by which a service refuses a request. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  'AWS_THROTTLED',
  'AWS_ACCESS_DENIED',
  'AWS_CREDENTIALS',
  'AWS_CLOCK_SKEW',
  'AWS_REGION_MISSING',
  'AWS_REQUEST_REFUSED',
  // Nothing has left this side of the proxy.
  'AWS_PROXY_UNAVAILABLE',
  'AWS_PROXY_REFUSED',
  'KINESIS_STREAM_NOT_FOUND',
  'KINESIS_STREAM_NOT_READY',
  'KINESIS_KMS',
]);
/** System calls that come before the first byte of a request. */
const BEFORE_SENDING = new Set(['connect', 'getaddrinfo']);
const NOT_CONNECTED = /did not establish a connection/;

/**
 * Whether what a failed call asked for may have been done all the same. No: the service refused it (throttled, 4xx),
 * or no connection came about (refused, unknown host, connect time-out). Yes: time-out, broken connection, 5xx, an
 * answer that makes no sense, and anything else, the reason of a signal included.
 */
export function mayHaveTakenEffect(error: unknown): boolean {
  if (!(error instanceof ConnectorError)) {
    return true;
  }
  return !REFUSALS.has(error.code) && !(types.isNativeError(error.cause) && wasRefused(error.cause));
}

function wasRefused(error: Error & Partial<SdkError> & { syscall?: unknown; errors?: unknown }): boolean {
  const status = error.$metadata?.httpStatusCode;
  if (status !== undefined) {
    return status >= 400 && status < 500 && status !== 408;
  }
  // Every address of a host was tried, one after the other.
  if (Array.isArray(error.errors) && error.errors.length > 0) {
    return error.errors.every((one) => types.isNativeError(one) && wasRefused(one));
  }
  return BEFORE_SENDING.has(String(error.syscall)) || NOT_CONNECTED.test(error.message);
}
