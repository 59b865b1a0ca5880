import { types } from 'node:util';
import { ConnectorError, type ErrorCode, messageOf } from '../errors';
import { AdmissionRefused, ConnectionFailed } from './answer-handler';

/** Prefix of the IAM actions. */
export type Service = 'kinesis' | 'dynamodb';

/** Which call failed, for the message and the hint. */
export interface CallContext {
  readonly service: Service;
  /** For example `GetRecords`. */
  readonly action: string;
  /** Stream, shard or table, for people. */
  readonly resource: string;
}

/** Names of errors that mean the same whatever the call. Sources: API references, SDK `@smithy/core/retry`. */
const CODES = new Map<string, ErrorCode>(
  Object.entries({
    ProvisionedThroughputExceededException: 'AWS_THROTTLED',
    LimitExceededException: 'AWS_THROTTLED',
    ThrottlingException: 'AWS_THROTTLED',
    Throttling: 'AWS_THROTTLED',
    ThrottledException: 'AWS_THROTTLED',
    RequestLimitExceeded: 'AWS_THROTTLED',
    RequestThrottled: 'AWS_THROTTLED',
    RequestThrottledException: 'AWS_THROTTLED',
    TooManyRequestsException: 'AWS_THROTTLED',
    BandwidthLimitExceeded: 'AWS_THROTTLED',
    SlowDown: 'AWS_THROTTLED',
    KMSThrottlingException: 'AWS_THROTTLED',

    InternalFailure: 'AWS_UNAVAILABLE',
    InternalFailureException: 'AWS_UNAVAILABLE',
    InternalServerError: 'AWS_UNAVAILABLE',
    ServiceUnavailable: 'AWS_UNAVAILABLE',
    ServiceUnavailableException: 'AWS_UNAVAILABLE',
    TransactionConflictException: 'AWS_UNAVAILABLE',

    TimeoutError: 'AWS_TIMEOUT',
    RequestTimeout: 'AWS_TIMEOUT',
    RequestTimeoutException: 'AWS_TIMEOUT',

    AccessDenied: 'AWS_ACCESS_DENIED',
    AccessDeniedException: 'AWS_ACCESS_DENIED',
    UnauthorizedOperation: 'AWS_ACCESS_DENIED',

    CredentialsProviderError: 'AWS_CREDENTIALS',
    TokenProviderError: 'AWS_CREDENTIALS',
    ExpiredToken: 'AWS_CREDENTIALS',
    ExpiredTokenException: 'AWS_CREDENTIALS',
    UnrecognizedClientException: 'AWS_CREDENTIALS',
    InvalidClientTokenId: 'AWS_CREDENTIALS',
    InvalidSignatureException: 'AWS_CREDENTIALS',
    SignatureDoesNotMatch: 'AWS_CREDENTIALS',
    IncompleteSignature: 'AWS_CREDENTIALS',
    MissingAuthenticationToken: 'AWS_CREDENTIALS',
    MissingAuthenticationTokenException: 'AWS_CREDENTIALS',
    OptInRequired: 'AWS_CREDENTIALS',

    ExpiredIteratorException: 'KINESIS_ITERATOR_EXPIRED',
    ExpiredNextTokenException: 'KINESIS_LISTING_EXPIRED',
    KMSAccessDeniedException: 'KINESIS_KMS',
    KMSDisabledException: 'KINESIS_KMS',
    KMSInvalidStateException: 'KINESIS_KMS',
    KMSNotFoundException: 'KINESIS_KMS',
    KMSOptInRequired: 'KINESIS_KMS',

    ConditionalCheckFailedException: 'LEASE_TABLE_CONDITION',
  }),
);

/** System errors of sockets, names and TLS. */
const ERRNO_CODES = new Map<string, ErrorCode>(
  Object.entries({
    ECONNREFUSED: 'AWS_UNAVAILABLE',
    ECONNRESET: 'AWS_UNAVAILABLE',
    ECONNABORTED: 'AWS_UNAVAILABLE',
    EPIPE: 'AWS_UNAVAILABLE',
    ENOTFOUND: 'AWS_UNAVAILABLE',
    EAI_AGAIN: 'AWS_UNAVAILABLE',
    EHOSTUNREACH: 'AWS_UNAVAILABLE',
    EHOSTDOWN: 'AWS_UNAVAILABLE',
    ENETUNREACH: 'AWS_UNAVAILABLE',
    ENETDOWN: 'AWS_UNAVAILABLE',
    ETIMEDOUT: 'AWS_TIMEOUT',
    ESOCKETTIMEDOUT: 'AWS_TIMEOUT',
  }),
);
const TLS_ERRNO = /^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH)/;
const CLOCK_NAMES = new Set(['RequestTimeTooSkewed', 'RequestExpired', 'RequestInTheFuture']);
/** What a signature made with a wrong clock may be refused as. */
const SIGNATURE_NAMES = new Set(['InvalidSignatureException', 'SignatureDoesNotMatch', 'AuthFailure']);
const CLOCK_MESSAGE = /signature (expired|not yet current)/i;
const DENIED_MESSAGE = /not authorized to perform: (\S+)(?: on resource: (\S+))?/;
const READ_ACTIONS = new Set(['GetRecords', 'GetShardIterator']);

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
  const error = thrown instanceof ConnectionFailed ? thrown.cause : thrown;
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
    const code = ERRNO_CODES.get(error.code) ?? (TLS_ERRNO.test(error.code) ? 'AWS_TLS' : undefined);
    if (code !== undefined) {
      return code;
    }
  }
  return CODES.get(error.name) ?? codeOfCall(error, context) ?? codeOfStatus(status) ?? 'AWS_UNKNOWN';
}

/** Names whose meaning depends on the call. */
function codeOfCall(error: SdkError, context: CallContext): ErrorCode | undefined {
  const kinesis = context.service === 'kinesis';
  const read = kinesis && READ_ACTIONS.has(context.action);
  switch (error.name) {
    case 'ResourceNotFoundException':
      if (!kinesis) {
        return 'LEASE_TABLE_NOT_FOUND';
      }
      // "Stream X under account Y not found" against "Shard X in stream Y under account Z does not exist".
      return read && !/^\s*(the )?stream\b/i.test(error.message)
        ? 'KINESIS_SHARD_NOT_FOUND'
        : 'KINESIS_STREAM_NOT_FOUND';
    case 'ResourceInUseException':
      return kinesis ? 'KINESIS_STREAM_NOT_READY' : 'LEASE_TABLE_NOT_READY';
    case 'InvalidArgumentException':
    case 'ValidationException':
      return read ? 'KINESIS_POSITION_REFUSED' : 'AWS_REQUEST_REFUSED';
    case 'SerializationException':
    case 'UnknownOperationException':
      return 'AWS_REQUEST_REFUSED';
    default:
      return error.message === 'Region is missing' ? 'AWS_REGION_MISSING' : undefined;
  }
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
  return status >= 500 ? 'AWS_UNAVAILABLE' : undefined;
}

/** IAM names the action and resource that are wanting; that may be sts:AssumeRole behind another call. */
function hintOf(code: ErrorCode, error: SdkError, context: CallContext): { hint?: string } {
  if (code !== 'AWS_ACCESS_DENIED') {
    return {};
  }
  const [, action = `${context.service}:${context.action}`, resource = context.resource] =
    DENIED_MESSAGE.exec(error.message) ?? [];
  return { hint: `Grant ${action} on ${resource} to the role in use.` };
}

/** A refused signature quotes the signed headers, the session token among them (G9): only its first line is kept. */
function withoutSecrets(error: Error): Error {
  const [firstLine = '', ...rest] = messageOf(error).split('\n');
  return rest.length === 0 ? error : Object.assign(new Error(firstLine), { name: error.name });
}
