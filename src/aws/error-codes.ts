import type { ErrorCode } from '../errors';

/** Names of errors that mean the same whatever the call. Sources: API references, SDK `@smithy/core/retry`. */
export const CODES = new Map<string, ErrorCode>(
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
    InternalServiceError: 'AWS_UNAVAILABLE',
    IDPCommunicationError: 'AWS_UNAVAILABLE',
    IDPCommunicationErrorException: 'AWS_UNAVAILABLE',
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
    InvalidIdentityToken: 'AWS_CREDENTIALS',
    InvalidIdentityTokenException: 'AWS_CREDENTIALS',
    IDPRejectedClaim: 'AWS_CREDENTIALS',
    IDPRejectedClaimException: 'AWS_CREDENTIALS',

    ExpiredIteratorException: 'KINESIS_ITERATOR_EXPIRED',
    ExpiredNextTokenException: 'KINESIS_LISTING_EXPIRED',
    KMSAccessDeniedException: 'KINESIS_KMS',
    KMSDisabledException: 'KINESIS_KMS',
    KMSInvalidStateException: 'KINESIS_KMS',
    KMSNotFoundException: 'KINESIS_KMS',
    KMSOptInRequired: 'KINESIS_KMS',

    ConditionalCheckFailedException: 'LEASE_TABLE_CONDITION',
    ContinuousBackupsUnavailableException: 'LEASE_TABLE_NOT_READY',
    TableNotFoundException: 'LEASE_TABLE_NOT_FOUND',
  }),
);

/** System errors of sockets, names and TLS. */
export const ERRNO_CODES = new Map<string, ErrorCode>(
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
/** What Node says of a stream or session that the other side has ended. */
export const HTTP2_ERRNO = /^ERR_HTTP2_/;
export const TLS_ERRNO = /^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH)/;
