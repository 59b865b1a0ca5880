import type { ProcessingGuarantees } from '../io';

/** A sensitive value; printing or serialising it shows stars (G9). */
export interface Secret {
  reveal(): string;
  toString(): string;
  toJSON(): string;
}

export type AwsCredentials =
  | { readonly type: 'default' }
  | {
      readonly type: 'static';
      readonly accessKeyId: Secret;
      readonly secretAccessKey: Secret;
      readonly sessionToken?: Secret;
    }
  | {
      readonly type: 'assumeRole';
      readonly roleArn: string;
      readonly roleSessionName: string;
      /** Seconds, 900 to 43,200. */
      readonly durationSeconds: number;
      readonly externalId?: string;
      /** What the role is assumed with; the default chain when absent. */
      readonly base?: AwsCredentials;
    };

/** Connection to AWS, after the connector's own settings were laid over the shared ones. */
export interface AwsSettings {
  readonly region: string | undefined;
  readonly credentials: AwsCredentials;
  /** Credentials for DynamoDB only, when they differ. */
  readonly dynamoCredentials?: AwsCredentials;
  readonly endpoints: {
    readonly kinesis?: string;
    readonly dynamodb?: string;
    readonly cloudwatch?: string;
    readonly sts?: string;
  };
  /** Milliseconds until a connection stands. */
  readonly connectTimeout: number;
  /** Milliseconds until the answer's headers are there. */
  readonly requestTimeout: number;
  readonly maxSockets: number;
}

export type InitialPosition =
  | { readonly type: 'LATEST' }
  | { readonly type: 'TRIM_HORIZON' }
  /** Milliseconds since the epoch. */
  | { readonly type: 'AT_TIMESTAMP'; readonly timestamp: number };

export type KinesisRecordProperty =
  | 'kinesis.arrival.timestamp'
  | 'kinesis.encryption.type'
  | 'kinesis.partition.key'
  | 'kinesis.sequence.number'
  | 'kinesis.subsequence.number'
  | 'kinesis.shard.id'
  | 'kinesis.stream'
  | 'kinesis.millis.behind.latest';

/** `configs` of a Kinesis source, validated, every default filled in. Times are milliseconds. */
export interface KinesisSourceConfig {
  readonly aws: AwsSettings;
  /** Name of the stream; `awsKinesisStreamArn` beside it when an ARN was given. */
  readonly awsKinesisStreamName: string;
  readonly awsKinesisStreamArn?: string;
  readonly applicationName: string;
  readonly leaseTableName: string;
  readonly initialPosition: InitialPosition;
  readonly checkpointInterval: number;
  /** Ceiling of the first wait of every backoff. */
  readonly backoffTime: number;
  /** Ceiling of any wait of a backoff. */
  readonly maxBackoffTime: number;
  readonly numRetries: number;
  readonly receiveQueueSize: number;
  readonly receiveQueueBytes: number;
  readonly failoverTime: number;
  readonly maxReadsPerSecondPerShard: number;
  /** Limit of GetRecords, 1 to 10,000. */
  readonly maxRecordsPerRead: number;
  readonly kinesisRecordProperties: readonly KinesisRecordProperty[];
  readonly messageKeyMode: 'PARTITION_KEY' | 'SHARD_ID';
  /** Only these shards; all when absent. */
  readonly shardIds?: readonly string[];
  readonly maxLeasesForWorker: number;
}

export interface PulsarSettings {
  readonly serviceUrl: string;
  readonly authentication: { readonly type: 'none' } | { readonly type: 'token'; token(): Promise<string> };
  readonly operationTimeout: number;
  readonly connectionTimeout: number;
  readonly keepAliveInterval: number;
}

/** Batching and bounds of the producers of one connector. */
export interface ProducerSettings {
  readonly batchingEnabled: boolean;
  readonly batchingMaxPublishDelay: number;
  readonly batchingMaxMessages: number;
  readonly batchingMaxBytes: number;
  readonly maxPendingMessages: number;
  /** Bytes sent and not yet confirmed, over all producers of a transport. */
  readonly maxPendingBytes: number;
  /** Milliseconds without a receipt until a send counts as failed; 0 = never. */
  readonly sendTimeout: number;
}

/** One source of a file, validated. */
export interface SourceDefinition {
  readonly tenant: string;
  readonly namespace: string;
  readonly name: string;
  readonly topicName: string;
  readonly className: string;
  readonly parallelism: number;
  readonly processingGuarantees: ProcessingGuarantees;
  readonly producer: ProducerSettings;
  /** `configs` with references resolved, shared `aws` laid under it: what Source.open takes. */
  readonly configs: { readonly [name: string]: unknown };
  readonly secrets: { readonly [name: string]: string };
}

/** Something accepted that the user should know of. */
export interface ConfigNotice {
  readonly path: string;
  readonly message: string;
}

export interface LoadedConfig {
  readonly file: string;
  readonly pulsar: PulsarSettings;
  readonly sources: readonly SourceDefinition[];
  /** Milliseconds that stopping may take. */
  readonly shutdownTimeoutMs: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly notices: readonly ConfigNotice[];
}
