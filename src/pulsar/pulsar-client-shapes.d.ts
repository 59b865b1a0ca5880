/**
 * What we use of npm `pulsar-client` 1.18.0, for machines where it cannot be installed: where it can, its own
 * declarations are taken instead (`paths` of tsconfig.json).
 */
export interface SchemaInfo {
  schemaType: 'None' | 'String' | 'Json' | 'Avro';
  name?: string;
  schema?: string;
}

export interface ClientConfigBase {
  authentication?: AuthenticationToken | AuthenticationTls | AuthenticationBasic | AuthenticationOauth2;
  operationTimeoutSeconds?: number;
  connectionTimeoutMs?: number;
  listenerName?: string;
  tlsTrustCertsFilePath?: string;
  tlsCertificateFilePath?: string;
  tlsPrivateKeyFilePath?: string;
  tlsValidateHostname?: boolean;
  tlsAllowInsecureConnection?: boolean;
}

export class Client {
  constructor(config: ClientConfigBase & { serviceUrl: string });
  createProducer(config: ProducerConfig): Promise<Producer>;
  subscribe(config: ConsumerConfig): Promise<Consumer>;
  getPartitionsForTopic(topic: string): Promise<string[]>;
  close(): Promise<null>;
}

export interface ProducerConfig {
  topic: string;
  producerName?: string;
  sendTimeoutMs?: number;
  maxPendingMessages?: number;
  messageRoutingMode?: 'RoundRobinDistribution';
  hashingScheme?: 'Murmur3_32Hash' | 'JavaStringHash';
  compressionType?: CompressionType;
  batchingEnabled?: boolean;
  batchingType?: 'DefaultBatching' | 'KeyBasedBatching';
  batchingMaxPublishDelayMs?: number;
  batchingMaxMessages?: number;
  batchingMaxAllowedSizeInBytes?: number;
  chunkingEnabled?: boolean;
  schema?: SchemaInfo;
}

export interface ProducerMessage {
  data: Buffer;
  properties?: { [key: string]: string };
  eventTimestamp?: number;
  sequenceId?: number;
  partitionKey?: string;
  orderingKey?: string;
}

export class Producer {
  send(message: ProducerMessage): Promise<MessageId>;
  flush(): Promise<null>;
  close(): Promise<null>;
}

export interface ConsumerConfig {
  topic?: string;
  subscription: string;
  subscriptionType?: 'Exclusive' | 'Shared' | 'KeyShared' | 'Failover';
  subscriptionInitialPosition?: 'Latest' | 'Earliest';
  nAckRedeliverTimeoutMs?: number;
  receiverQueueSize?: number;
  consumerName?: string;
}

export class Consumer {
  receive(): Promise<Message>;
  acknowledge(message: Message): Promise<null>;
  negativeAcknowledge(message: Message): void;
  close(): Promise<null>;
  unsubscribe(): Promise<null>;
}

export class Message {
  getTopicName(): string;
  getProperties(): { [key: string]: string };
  getData(): Buffer;
  getMessageId(): MessageId;
  getPublishTimestamp(): number;
  getEventTimestamp(): number;
  getRedeliveryCount(): number;
  getPartitionKey(): string;
}

export class MessageId {
  serialize(): Buffer;
}

export class AuthenticationToken {
  constructor(params: { token: string | (() => Promise<string>) });
}

export class AuthenticationTls {
  constructor(params: { certificatePath: string; privateKeyPath: string });
}

export class AuthenticationBasic {
  constructor(params: { username: string; password: string });
}

export class AuthenticationOauth2 {
  constructor(params: {
    type: string;
    issuer_url: string;
    client_id?: string;
    client_secret?: string;
    audience?: string;
    scope?: string;
  });
}

export type CompressionType = 'None' | 'Zlib' | 'LZ4' | 'ZSTD' | 'SNAPPY';
