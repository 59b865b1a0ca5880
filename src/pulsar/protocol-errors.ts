import { ConnectorError, type ErrorCode, messageOf } from '../errors';
import { ProtocolError, type ProtocolErrorKind } from './protocol';

const CODES: { readonly [K in ProtocolErrorKind]: ErrorCode } = {
  unavailable: 'PULSAR_UNAVAILABLE',
  busy: 'PULSAR_BUSY',
  'consumer-busy': 'PULSAR_CONSUMER_BUSY',
  'subscription-mismatch': 'PULSAR_SUBSCRIPTION_MISMATCH',
  quota: 'PULSAR_BACKLOG_QUOTA',
  persistence: 'PULSAR_SEND_FAILED',
  checksum: 'PULSAR_SEND_FAILED',
  unreadable: 'PULSAR_MESSAGE_UNREADABLE',
  'send-timeout': 'PULSAR_SEND_TIMEOUT',
  authentication: 'PULSAR_AUTHENTICATION',
  tls: 'PULSAR_TLS',
  authorization: 'PULSAR_AUTHORIZATION',
  'invalid-url': 'CONFIG_INVALID',
  'invalid-topic': 'PULSAR_TOPIC_INVALID',
  'topic-not-found': 'PULSAR_TOPIC_NOT_FOUND',
  'topic-terminated': 'PULSAR_TOPIC_TERMINATED',
  'partitions-changed': 'PULSAR_PARTITIONS_CHANGED',
  'partitions-lost': 'PULSAR_PARTITIONS_LOST',
  'too-large': 'PULSAR_MESSAGE_TOO_LARGE',
  schema: 'PULSAR_SCHEMA_REFUSED',
  'not-allowed': 'PULSAR_NOT_ALLOWED',
  fenced: 'PULSAR_PRODUCER_FENCED',
  'producer-limit': 'PULSAR_PRODUCER_LIMIT',
  'deduplication-off': 'PULSAR_DEDUPLICATION_OFF',
  'sequence-clash': 'SEQUENCE_ID_CLASH',
  revoked: 'PULSAR_SEND_REVOKED',
  unsupported: 'NOT_AVAILABLE_YET',
  closed: 'PULSAR_CLOSED',
  unknown: 'PULSAR_UNKNOWN',
};

/** An error of the protocol client as the user meets it; one that already is, stays as it is. */
export function connectorError(error: unknown, topic?: string): ConnectorError {
  if (error instanceof ConnectorError) {
    return error;
  }
  const kind = error instanceof ProtocolError ? error.kind : 'unknown';
  const where = topic === undefined ? '' : `topic ${topic}: `;
  return new ConnectorError(CODES[kind], `${where}${messageOf(error)}`, { cause: error });
}
