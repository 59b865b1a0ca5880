export type ProtocolErrorKind =
  /** No connection, connection lost, or a broker that is not ready: heals by itself. */
  | 'unavailable'
  /** Another producer of that name is connected. */
  | 'busy'
  /** Another consumer holds the subscription. */
  | 'consumer-busy'
  /** The subscription is in use with another type. */
  | 'subscription-mismatch'
  /** The backlog quota of the namespace blocks producers. */
  | 'quota'
  /** The broker did not store a message. */
  | 'persistence'
  | 'checksum'
  /** A stored message that this client cannot make out. */
  | 'unreadable'
  /** No receipt within the send time-out. */
  | 'send-timeout'
  | 'authentication'
  | 'authorization'
  | 'invalid-url'
  | 'invalid-topic'
  | 'topic-not-found'
  | 'topic-terminated'
  | 'partitioned'
  | 'too-large'
  | 'schema'
  | 'not-allowed'
  | 'fenced'
  /** A topic that was to deduplicate does not. */
  | 'deduplication-off'
  /** The broker had an id before it was sent. */
  | 'sequence-clash'
  /** The sender may not send any more (`mayStillSend`). */
  | 'revoked'
  /** Something this client cannot do, or the broker cannot. */
  | 'unsupported'
  /** The client was closed. */
  | 'closed'
  | 'unknown';

/** Every error of this client. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly kind: ProtocolErrorKind;

  constructor(kind: ProtocolErrorKind, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
  }

  /** Whether connecting or creating a producer again may succeed without a person. */
  get transient(): boolean {
    return TRANSIENT.has(this.kind);
  }
}

const TRANSIENT: ReadonlySet<ProtocolErrorKind> = new Set([
  'unavailable',
  'busy',
  'consumer-busy',
  'quota',
  'persistence',
]);

/** Source: enum ServerError of PulsarApi.proto; numbers left out are those of transactions. */
const SERVER_ERRORS: { readonly [code: number]: readonly [name: string, kind: ProtocolErrorKind] } = {
  0: ['UnknownError', 'unknown'],
  1: ['MetadataError', 'unavailable'],
  2: ['PersistenceError', 'persistence'],
  3: ['AuthenticationError', 'authentication'],
  4: ['AuthorizationError', 'authorization'],
  5: ['ConsumerBusy', 'consumer-busy'],
  6: ['ServiceNotReady', 'unavailable'],
  7: ['ProducerBlockedQuotaExceededError', 'quota'],
  8: ['ProducerBlockedQuotaExceededException', 'quota'],
  9: ['ChecksumError', 'checksum'],
  10: ['UnsupportedVersionError', 'unsupported'],
  11: ['TopicNotFound', 'topic-not-found'],
  12: ['SubscriptionNotFound', 'not-allowed'],
  13: ['ConsumerNotFound', 'unknown'],
  14: ['TooManyRequests', 'unavailable'],
  15: ['TopicTerminatedError', 'topic-terminated'],
  16: ['ProducerBusy', 'busy'],
  17: ['InvalidTopicName', 'invalid-topic'],
  18: ['IncompatibleSchema', 'schema'],
  22: ['NotAllowedError', 'not-allowed'],
  25: ['ProducerFenced', 'fenced'],
};

/**
 * How a broker (4.0.8, just started) says that an earlier try of the same id is still there, whatever number it gives:
 * with this answer it lets go of a failed one, and the next try finds the place free.
 */
const EARLIER_TRY = /already present on the connection/i;

/** The error a broker named by `code`, with its text. */
export function serverError(code: number | undefined, text: string | undefined): ProtocolError {
  const [name, meant] = SERVER_ERRORS[code ?? 0] ?? [`error ${code}`, 'unknown'];
  const kind = EARLIER_TRY.test(text ?? '') ? 'unavailable' : meant;
  return new ProtocolError(kind, text ? `${name}: ${text}` : name);
}

/** Whatever was thrown, as a ProtocolError of `kind` unless it is one already. */
export function asProtocolError(error: unknown, kind: ProtocolErrorKind): ProtocolError {
  if (error instanceof ProtocolError) {
    return error;
  }
  return new ProtocolError(kind, error instanceof Error ? error.message : String(error), error);
}
