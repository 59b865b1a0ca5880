import type { ClientConfigBase, CompressionType, ProducerConfig, SchemaInfo } from 'pulsar-client';
import type { ProducerSettings, PulsarSettings } from '../config/types';
import { ConnectorError, type ErrorCode } from '../errors';
import type { Schema, SchemaType } from '../io';
import { ProtocolError } from './protocol';
import { connectorError } from './protocol-errors';

export type PulsarClientModule = typeof import('pulsar-client');

/** Loaded when it is chosen, and only then. @throws ConnectorError PULSAR_CLIENT_MISSING */
export function loadPulsarClient(): PulsarClientModule {
  try {
    return require('pulsar-client') as PulsarClientModule;
  } catch (cause) {
    throw new ConnectorError('PULSAR_CLIENT_MISSING', 'the package pulsar-client cannot be loaded', {
      cause,
    });
  }
}

/** @throws ConnectorError what the credentials of OAuth2 cannot be read for */
export async function clientConfig(
  { AuthenticationBasic, AuthenticationOauth2, AuthenticationTls, AuthenticationToken }: PulsarClientModule,
  pulsar: PulsarSettings,
): Promise<ClientConfigBase & { serviceUrl: string }> {
  const { tls, authentication } = pulsar;
  const common = {
    serviceUrl: pulsar.serviceUrl,
    operationTimeoutSeconds: Math.max(1, Math.round(pulsar.operationTimeout / 1000)),
    connectionTimeoutMs: pulsar.connectionTimeout,
    tlsAllowInsecureConnection: tls.allowInsecureConnection,
    tlsValidateHostname: tls.hostnameVerificationEnable,
    ...(pulsar.listenerName && { listenerName: pulsar.listenerName }),
    ...(tls.trustCertsFilePath && { tlsTrustCertsFilePath: tls.trustCertsFilePath }),
    ...(tls.certificateFilePath && { tlsCertificateFilePath: tls.certificateFilePath }),
    ...(tls.keyFilePath && { tlsPrivateKeyFilePath: tls.keyFilePath }),
  };
  switch (authentication.type) {
    case 'none':
      return common;
    case 'token':
      return { ...common, authentication: new AuthenticationToken({ token: () => authentication.token() }) };
    case 'tls': {
      const { certificateFilePath: certificatePath = '', keyFilePath: privateKeyPath = '' } = tls;
      return { ...common, authentication: new AuthenticationTls({ certificatePath, privateKeyPath }) };
    }
    case 'basic': {
      const { userId: username, password } = authentication;
      return {
        ...common,
        authentication: new AuthenticationBasic({ username, password: password.reveal() }),
      };
    }
    case 'oauth2': {
      const { clientId, clientSecret } = await authentication.client();
      const { issuerUrl: issuer_url, audience, scope } = authentication;
      const client = { client_id: clientId, client_secret: clientSecret.reveal() };
      const asked = { ...(audience && { audience }), ...(scope && { scope }) };
      const oauth2 = new AuthenticationOauth2({
        type: 'client_credentials',
        issuer_url,
        ...client,
        ...asked,
      });
      return { ...common, authentication: oauth2 };
    }
  }
}

const COMPRESSIONS: { readonly [K in ProducerSettings['compressionType']]: CompressionType } = {
  NONE: 'None',
  ZLIB: 'Zlib',
  LZ4: 'LZ4',
  ZSTD: 'ZSTD',
  SNAPPY: 'SNAPPY',
};

/** @param message.chunked what was asked for, over the settings. */
export function producerConfig(
  settings: ProducerSettings,
  { sequenced, chunked }: { readonly sequenced: boolean; readonly chunked: boolean | undefined },
): Omit<ProducerConfig, 'topic'> {
  // The core tells brokers no highest id of a batch, and refuses chunks together with batches.
  const batchingEnabled = settings.batchingEnabled && !sequenced && chunked !== true;
  return {
    batchingEnabled,
    batchingType: settings.batchBuilder === 'KEY_BASED' ? 'KeyBasedBatching' : 'DefaultBatching',
    batchingMaxPublishDelayMs: Math.max(1, settings.batchingMaxPublishDelay),
    batchingMaxMessages: settings.batchingMaxMessages,
    batchingMaxAllowedSizeInBytes: settings.batchingMaxBytes,
    chunkingEnabled: !batchingEnabled && !sequenced && (chunked ?? settings.chunkingEnabled),
    // 0 is its own default of 30 s, not never.
    sendTimeoutMs: settings.sendTimeout || 2 ** 31 - 1,
    // Ours bounds all producers together. Above this one a send fails, and those behind it are stored.
    maxPendingMessages: 1_000_000,
    messageRoutingMode: 'RoundRobinDistribution',
    // Its own default is Boost's, which no other client has.
    hashingScheme: settings.hashingScheme,
    compressionType: COMPRESSIONS[settings.compressionType],
  };
}

const SCHEMA_TYPES: { readonly [type in SchemaType]?: SchemaInfo['schemaType'] } = {
  STRING: 'String',
  JSON: 'Json',
  AVRO: 'Avro',
};

/** @throws ConnectorError NOT_AVAILABLE_YET */
export function schemaConfig(schema: Schema | undefined): { readonly schema?: SchemaInfo } {
  if (schema === undefined || schema.type === 'BYTES') {
    return {};
  }
  const schemaType = SCHEMA_TYPES[schema.type];
  if (schemaType === undefined) {
    throw new ConnectorError('NOT_AVAILABLE_YET', `no schema of type ${schema.type} through pulsar-client`);
  }
  return { schema: { schemaType, name: schema.name, schema: schema.definition } };
}

/** The C++ core names its result at the end of the text. */
const RESULTS: readonly (readonly [pattern: RegExp, code: ErrorCode])[] = [
  [/ProducerBusy/, 'PULSAR_BUSY'],
  [/ConsumerBusy/, 'PULSAR_CONSUMER_BUSY'],
  [/MessageTooBig/, 'PULSAR_MESSAGE_TOO_LARGE'],
  [/TimeOut/, 'PULSAR_SEND_TIMEOUT'],
  [/TopicTerminated/, 'PULSAR_TOPIC_TERMINATED'],
  [/TopicNotFound/, 'PULSAR_TOPIC_NOT_FOUND'],
  [/InvalidTopicName/, 'PULSAR_TOPIC_INVALID'],
  [/QuotaExceeded/, 'PULSAR_BACKLOG_QUOTA'],
  [/IncompatibleSchema/, 'PULSAR_SCHEMA_REFUSED'],
  [/AuthenticationError/, 'PULSAR_AUTHENTICATION'],
  [/AuthorizationError/, 'PULSAR_AUTHORIZATION'],
  [/NotAllowed/, 'PULSAR_NOT_ALLOWED'],
  [/AlreadyClosed/, 'PULSAR_CLOSED'],
  [
    /ConnectError|Disconnected|NotConnected|ServiceUnitNotReady|TooMany|Retryable|LookupError/,
    'PULSAR_UNAVAILABLE',
  ],
  [/ProducerFenced|BrokerPersistence/, 'PULSAR_SEND_FAILED'],
];

export function resultError(cause: unknown, topic: string): ConnectorError {
  if (cause instanceof ConnectorError || cause instanceof ProtocolError) {
    return connectorError(cause, topic);
  }
  const text = cause instanceof Error ? cause.message : String(cause);
  const code = RESULTS.find(([pattern]) => pattern.test(text))?.[1] ?? 'PULSAR_UNKNOWN';
  return new ConnectorError(code, `topic ${topic}: ${text}`, { cause });
}

/** What the core cannot do for us. */
export function notThrough(
  topic: string,
  what: string,
  hint = 'Remove pulsar.transport: our own client can.',
): ConnectorError {
  return new ConnectorError('NOT_AVAILABLE_YET', `topic ${topic}: through pulsar-client, ${what}`, { hint });
}
