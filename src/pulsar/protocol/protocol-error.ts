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
  /** A certificate that is not trusted, or no TLS where there should be. */
  | 'tls'
  | 'authorization'
  | 'invalid-url'
  | 'invalid-topic'
  | 'topic-not-found'
  | 'topic-terminated'
  /** The topic was created anew with fewer partitions, with some instead of none, or with none. */
  | 'partitions-changed'
  /** The topic has not the partitions any more over which messages with sequence ids are spread. */
  | 'partitions-lost'
  | 'too-large'
  | 'schema'
  | 'not-allowed'
  /** Another producer has the topic for itself alone. */
  | 'fenced'
  /** The topic has as many producers as it may have. */
  | 'producer-limit'
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

  /**
   * Whether the same again may succeed in a moment. What only others can change, a quota, an exclusive producer, a
   * limit, is left to callers, who can tell of it while they wait.
   */
  get transient(): boolean {
    return TRANSIENT.has(this.kind);
  }
}

const TRANSIENT: ReadonlySet<ProtocolErrorKind> = new Set([
  'unavailable',
  'busy',
  'consumer-busy',
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

/** What a broker (4.0.8) says in words only, under a number that means something else. */
const SAID_IN_WORDS: readonly (readonly [RegExp, ProtocolErrorKind])[] = [
  // Just started: an earlier try of the same id is still there. With this answer it lets go of it.
  [/already present on the connection/i, 'unavailable'],
  // ProducerBusy.
  [/existing exclusive producer/i, 'fenced'],
  [/reached max producers limit/i, 'producer-limit'],
  // MetadataError.
  [/encryption is required/i, 'not-allowed'],
];

/** The error a broker named by `code`, with its text. */
export function serverError(code: number | undefined, text: string | undefined): ProtocolError {
  const [name, meant] = SERVER_ERRORS[code ?? 0] ?? [`error ${code}`, 'unknown'];
  const said = SAID_IN_WORDS.find(([words]) => words.test(text ?? ''));
  return new ProtocolError(said?.[1] ?? meant, text ? `${name}: ${text}` : name);
}

/** Whatever was thrown, as a ProtocolError of `kind` unless it is one already. */
export function asProtocolError(error: unknown, kind: ProtocolErrorKind): ProtocolError {
  if (error instanceof ProtocolError) {
    return error;
  }
  return new ProtocolError(kind, error instanceof Error ? error.message : String(error), error);
}
