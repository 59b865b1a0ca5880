import { ConnectorError, type ErrorCode } from '../errors';
import type { OutgoingMessage } from './transport';

export type EndpointKind = 'producer' | 'consumer';

/**
 * What the texts of a refusal mean: a status or number stands for several causes. Seen on 4.0.8, where producing,
 * consuming or sending was refused for that reason; names of classes are those of PulsarClientException.
 */
const CAUSES: readonly (readonly [pattern: RegExp, code: ErrorCode])[] = [
  [/TopicTerminated|already terminated/i, 'PULSAR_TOPIC_TERMINATED'],
  [/QuotaExceeded|backlog quota/i, 'PULSAR_BACKLOG_QUOTA'],
  [/ProducerFenced|exclusive producer/i, 'PULSAR_PRODUCER_FENCED'],
  [/TopicFenced/i, 'PULSAR_SEND_FAILED'],
  [/IncompatibleSchema|schema/i, 'PULSAR_SCHEMA_REFUSED'],
  [/max producers/i, 'PULSAR_PRODUCER_LIMIT'],
  [/Producer with name|ProducerBusy/i, 'PULSAR_BUSY'],
  [/consumer is already connected|ConsumerBusy|max consumers/i, 'PULSAR_CONSUMER_BUSY'],
  [/Subscription is of different type/i, 'PULSAR_SUBSCRIPTION_MISMATCH'],
  [/message size|InvalidMessage/i, 'PULSAR_MESSAGE_TOO_LARGE'],
  [/TopicDoesNotExist|NotFoundException|Topic .*not found/i, 'PULSAR_TOPIC_NOT_FOUND'],
  [/AuthorizationException|not authorized/i, 'PULSAR_AUTHORIZATION'],
  [/AuthenticationException/i, 'PULSAR_AUTHENTICATION'],
  [/NotAllowed/i, 'PULSAR_NOT_ALLOWED'],
  [/ServiceNotReady|LookupException|ConnectException|TooManyRequests/i, 'PULSAR_UNAVAILABLE'],
];

/** Source: `WebSocketError` of Pulsar; 8, "unknown", is everything the proxy's own client was refused. */
const SEND_CAUSES: readonly (readonly [pattern: RegExp, code: ErrorCode])[] = [
  ...CAUSES,
  [/TimeoutException/i, 'PULSAR_SEND_TIMEOUT'],
  [/AlreadyClosed|NotConnected|QueueIsFull|MemoryBufferIsFull|Persistence/i, 'PULSAR_SEND_FAILED'],
];

const STATUSES: { readonly [status: number]: ErrorCode } = {
  401: 'PULSAR_AUTHENTICATION',
  403: 'PULSAR_AUTHORIZATION',
  429: 'PULSAR_UNAVAILABLE',
  502: 'PULSAR_UNAVAILABLE',
  503: 'PULSAR_UNAVAILABLE',
  504: 'PULSAR_UNAVAILABLE',
};

/** What the service says in front of the broker's answer when it knows the endpoint. */
const KNOWN_ENDPOINT = /Failed to create producer\/consumer/;

/** The error behind a handshake that was answered with `status` instead of 101. */
export function handshakeRefusal(kind: EndpointKind, status: number, body: string): ConnectorError {
  const text = textOf(body);
  const message = `the ${kind} was refused with status ${status}: ${reasonOf(text)}`;
  const known = CAUSES.find(([pattern]) => status !== 401 && status !== 403 && pattern.test(text))?.[1];
  if (known !== undefined) {
    return new ConnectorError(known, message);
  }
  if (status === 404) {
    return KNOWN_ENDPOINT.test(text)
      ? new ConnectorError('PULSAR_TOPIC_NOT_FOUND', message)
      : new ConnectorError('PULSAR_UNKNOWN', message, {
          expected: "Pulsar's WebSocket API at this address",
          found: 'a web server without it',
          hint: 'Check the port, and that the broker has webSocketServiceEnabled=true or a WebSocket proxy runs there.',
        });
  }
  if (status === 409) {
    return new ConnectorError(kind === 'producer' ? 'PULSAR_BUSY' : 'PULSAR_CONSUMER_BUSY', message);
  }
  return new ConnectorError(STATUSES[status] ?? 'PULSAR_UNKNOWN', message);
}

/** The error behind an answer to a message that is not `ok`. */
export function sendRefusal(result: string, errorMsg = ''): ConnectorError {
  const code = SEND_CAUSES.find(([pattern]) => pattern.test(errorMsg))?.[1] ?? 'PULSAR_UNKNOWN';
  return new ConnectorError(code, `${result}: ${reasonOf(errorMsg)}`);
}

/** A message whose frame of `bytes` is above the limit: it is not sent, for the service would end the connection. */
export function frameTooLarge({ value }: OutgoingMessage, bytes: number, limit: number): ConnectorError {
  const found = `${value.length} bytes, ${bytes} with key and properties in base64 and JSON`;
  return new ConnectorError('PULSAR_MESSAGE_TOO_LARGE', `a message takes a frame of ${bytes} bytes`, {
    expected: `a frame of at most ${limit} bytes`,
    found,
    hint: 'Raise webSocketMaxTextFrameSize of the service and pulsar.webSocketMaxFrameBytes here, use a serviceUrl that starts with pulsar://, or set deadLetterTopic or onError.',
  });
}

const ENTITIES: { readonly [entity: string]: string } = {
  '&quot;': '"',
  '&apos;': "'",
  '&lt;': '<',
  '&gt;': '>',
  '&amp;': '&',
};

/** The text of an error page of Jetty. */
function textOf(body: string): string {
  return body
    .replace(/<[^>]*>/g, ' ')
    .replace(/&\w+;/g, (entity) => ENTITIES[entity] ?? entity)
    .replace(/\s+/g, ' ')
    .trim();
}

/** Brokers wrap what they say in JSON, behind the names of classes. */
function reasonOf(text: string): string {
  const [, said] = /"errorMsg":"(.*?)","reqId"/.exec(text) ?? /MESSAGE: (.*?) SERVLET/.exec(text) ?? [];
  return (said ?? text).replace(/^([\w$]+\.)+[\w$]+: /, '').slice(0, 300) || 'no reason given';
}
