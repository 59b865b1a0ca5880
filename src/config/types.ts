import type { ProcessingGuarantees, SchemaType, SubscriptionType } from '../io';
import type { Clock } from '../util/clock';
import type { Logger } from '../util/logger';
import type { Random } from '../util/random';
import type { StreamName, StreamSelector } from './stream-name';

export type { StreamName, StreamPattern, StreamSelector } from './stream-name';

/** A sensitive value; printing or serialising it shows stars (G9). */
export interface Secret {
  /** The newest value known. */
  reveal(): string;
  /** Has it read anew, because nobody takes it any more; absent where it cannot change. Never rejects. */
  renew?(): Promise<void>;
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
    }
  | {
      readonly type: 'webIdentity';
      readonly roleArn: string;
      readonly roleSessionName: string;
      /** Seconds, 900 to 43,200. */
      readonly durationSeconds: number;
      /** Absolute path; read at each renewal. */
      readonly tokenFile: string;
    }
  /** A profile of the shared configuration files of AWS. */
  | { readonly type: 'profile'; readonly profile: string };

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
    readonly secretsManager?: string;
  };
  /** Milliseconds until a connection stands. */
  readonly connectTimeout: number;
  /** Milliseconds until the answer's headers are there. */
  readonly requestTimeout: number;
  readonly maxSockets: number;
  readonly subscriptions: SubscriptionSettings;
  /** False with the Java sink's skipCertificateValidation; true when absent. */
  readonly verifyCertificates?: boolean;
  /** Absolute path of a PEM file with authorities that are trusted beside the usual ones. */
  readonly caFile?: string;
  /** Through which AWS is reached; directly when absent. */
  readonly proxy?: ProxySettings;
  /** As the SDK finds it (AWS_USE_FIPS_ENDPOINT) when absent. */
  readonly useFipsEndpoint?: true;
  /** As the SDK finds it (AWS_USE_DUALSTACK_ENDPOINT) when absent. */
  readonly useDualstackEndpoint?: true;
  readonly clientOptions?: AwsClientOptions;
}

/** A proxy that connects by CONNECT. */
export interface ProxySettings {
  /** `http://` or `https://` with host and port, and nothing else. */
  readonly url: string;
  readonly credentials?: { readonly username: string; readonly password: Secret };
  /** What is reached without it, see `goesDirect`. */
  readonly noProxy: readonly string[];
}

/** Settings of the SDK's clients that nothing of ours depends on. Names are the SDK's and Node's. */
export interface AwsClientOptions {
  readonly keepAlive?: boolean;
  /** Milliseconds without a byte after which TCP asks whether the other side is still there. */
  readonly keepAliveMsecs?: number;
  /** Connections kept while nobody uses them. */
  readonly maxFreeSockets?: number;
  /** Behind ours in the User-Agent header. */
  readonly customUserAgent?: string;
  readonly userAgentAppId?: string;
  readonly disableRequestCompression?: boolean;
  /** Of DynamoDB: whether the account of the credentials is part of the host name. */
  readonly accountIdEndpointMode?: 'preferred' | 'disabled' | 'required';
}

/** Connections of enhanced fan-out. */
export interface SubscriptionSettings {
  readonly protocol: 'auto' | 'http1' | 'http2';
  /** Milliseconds that an event which is waited for may stay away. */
  readonly idleTimeout: number;
  /** Bytes of a subscription that HTTP/2 lets arrive before they are read. */
  readonly windowBytes: number;
  /** Subscriptions that share one HTTP/2 connection. */
  readonly perConnection: number;
  /** Milliseconds between two PINGs of an HTTP/2 connection. */
  readonly pingInterval: number;
}

export type InitialPosition =
  | { readonly type: 'LATEST' }
  | { readonly type: 'TRIM_HORIZON' }
  /** Milliseconds since the epoch. */
  | { readonly type: 'AT_TIMESTAMP'; readonly timestamp: number };

/** The language in which records are asked for by GetRecords. `auto`: CBOR where the service speaks it, or JSON. */
export type GetRecordsProtocol = 'auto' | 'cbor' | 'json';

export type KinesisRecordProperty =
  | 'kinesis.arrival.timestamp'
  | 'kinesis.encryption.type'
  | 'kinesis.partition.key'
  | 'kinesis.sequence.number'
  | 'kinesis.subsequence.number'
  | 'kinesis.shard.id'
  | 'kinesis.stream'
  | 'kinesis.millis.behind.latest'
  | 'kinesis.explicit.hash.key'
  | 'kinesis.ingest.timestamp'
  | 'kinesis.sharded.sequence.number';

export type OutputFormat = 'bytes' | 'string' | 'json' | 'envelope';

/** `configs` of a Kinesis source, validated, every default filled in. Times are milliseconds. */
export interface KinesisSourceConfig {
  readonly aws: AwsSettings;
  readonly streams: StreamSelection;
  /** How streams of other accounts are reached, by account id; by their ARN alone when absent. */
  readonly streamRoles: { readonly [account: string]: StreamRole };
  /** Milliseconds between two looks for streams that patterns match. */
  readonly streamDiscoveryInterval: number;
  readonly applicationName: string;
  readonly leaseTableName: string;
  readonly leaseTable: LeaseTableSettings;
  readonly initialPosition: InitialPosition;
  readonly checkpointInterval: number;
  /** Ceiling of the first wait of every backoff. */
  readonly backoffTime: number;
  /** Ceiling of any wait of a backoff. */
  readonly maxBackoffTime: number;
  readonly numRetries: number;
  readonly receiveQueueSize: number;
  readonly receiveQueueBytes: number;
  /** What becomes of sub-records of an aggregate whose key lies outside the shard. */
  readonly subRecordFilter: 'keep' | 'drop';
  /** With EFFECTIVELY_ONCE: whether a topic that does not deduplicate is made to. */
  readonly enableDeduplication: boolean;
  /** When records were trimmed before they were read. */
  readonly onDataLoss: 'fail' | 'continue';
  readonly failoverTime: number;
  readonly maxReadsPerSecondPerShard: number;
  /** Limit of GetRecords, 1 to 10,000. */
  readonly maxRecordsPerRead: number;
  readonly getRecordsProtocol: GetRecordsProtocol;
  readonly retrieval: RetrievalSettings;
  readonly kinesisRecordProperties: readonly KinesisRecordProperty[];
  readonly messageKeyMode: 'PARTITION_KEY' | 'SHARD_ID';
  readonly outputFormat: OutputFormat;
  /** What becomes of a record that can never be stored. */
  readonly onError: 'fail' | 'dlq' | 'skip';
  /** Always there with `dlq`. May be a template, see `fillTopic`. */
  readonly deadLetterTopic?: string;
  /** Of a dead letter too large for a transport without chunks; such a transport is refused when absent. */
  readonly dlqOversize?: 'fail' | 'truncate';
  /** Only these shards; all when absent. */
  readonly shardIds?: readonly string[];
  readonly maxLeasesForWorker: number;
  /** Milliseconds. */
  readonly handoffTimeout: number;
  readonly maxConcurrentHandovers: number;
  readonly watch: WatchSettings;
  readonly audit: AuditSettings;
  readonly cloudwatch: CloudWatchSettings;
}

/** `auto`: fan-out where it is to be had, else polling. */
export type RetrievalMode = 'polling' | 'fan-out' | 'auto';

/** Whether a source reads by enhanced fan-out, and with which registered consumer. Times are milliseconds. */
export interface RetrievalSettings {
  readonly mode: RetrievalMode;
  /** One that others have registered, or the name of one that is found or registered. */
  readonly consumer: { readonly arn: string } | { readonly name: string };
  /** `managed`: the worker that stops last deregisters it. */
  readonly lifecycle: 'external' | 'managed';
  /** RegisterStreamConsumer calls that may be refused for a limit. */
  readonly registrationAttempts: number;
  readonly activeTimeout: number;
  readonly eventTimeout: number;
}

/** One stream, with rows of the lease table by shard; or several, with rows by stream and shard. */
export type StreamSelection =
  | { readonly several: false; readonly stream: StreamName }
  | { readonly several: true; readonly selectors: readonly StreamSelector[] };

/** A role that reads the streams of another account. */
export type StreamRole = Omit<Extract<AwsCredentials, { type: 'assumeRole' }>, 'type' | 'base'>;

/** When the lease table is compared with the stream. Names and defaults of the options are the KCL's. */
export interface AuditSettings {
  /** Milliseconds between two audits. */
  readonly interval: number;
  /** Audits in a row that have to find the same hole; from 1. */
  readonly threshold: number;
}

/** From when on the watchdog of a source acts; milliseconds, 0 = never. */
export interface WatchSettings {
  readonly readerStallTimeout: number;
  readonly scanStallTimeout: number;
  readonly childStallTimeout: number;
  /** Never 0. */
  readonly renewalLateTime: number;
  /** Never 0. */
  readonly backpressureReportTime: number;
}

/** Whether a lease table is created where there is none, and as what. One that exists is never changed. */
export interface LeaseTableSettings {
  readonly create: boolean;
  /** Capacities: units, from 1. */
  readonly billing:
    | { readonly mode: 'PAY_PER_REQUEST' }
    | { readonly mode: 'PROVISIONED'; readonly readCapacity: number; readonly writeCapacity: number };
  readonly tags: { readonly [key: string]: string };
  readonly pointInTimeRecovery: boolean;
  readonly deletionProtection: boolean;
  /** Where the table is, for the command that a person is told. */
  readonly region?: string;
}

/** Source: KCL `MetricsLevel`. SUMMARY has no dimension per shard. */
export type CloudWatchMetricsLevel = 'NONE' | 'SUMMARY' | 'DETAILED';

/** How a connector publishes its metrics to CloudWatch. */
export interface CloudWatchSettings {
  readonly level: CloudWatchMetricsLevel;
  readonly namespace: string;
  /** Milliseconds between two publications. */
  readonly interval: number;
}

/** Where a sink takes the partition key, or the explicit hash key, of a record from. */
export type PartitionColumn =
  /** Names of nested fields of a JSON or Avro payload, outermost first. */
  | { readonly type: 'field'; readonly path: readonly string[] }
  | { readonly type: 'property'; readonly name: string }
  | { readonly type: 'key' }
  | { readonly type: 'topic' }
  | { readonly type: 'random' }
  /** Not set: the message key, else the first string column of a structured payload, else random. */
  | { readonly type: 'default' };

/** Source: Java connector, KinesisSinkConfig.MessageFormat. */
export type SinkMessageFormat =
  | 'ONLY_RAW_PAYLOAD'
  | 'FULL_MESSAGE_IN_JSON'
  | 'FULL_MESSAGE_IN_FB'
  | 'FULL_MESSAGE_IN_JSON_EXPAND_VALUE';

/** `configs` of a Kinesis sink, validated, every default filled in. Times are milliseconds, sizes bytes. */
export interface KinesisSinkConfig {
  readonly aws: AwsSettings;
  /** Name of the stream; `awsKinesisStreamArn` beside it when an ARN was given (outputStreamArn or here). */
  readonly awsKinesisStreamName: string;
  readonly awsKinesisStreamArn?: string;
  readonly partitionColumn: PartitionColumn;
  readonly explicitHashKeyColumn?: Exclude<PartitionColumn, { type: 'default' }>;
  readonly messageFormat: SinkMessageFormat;
  readonly jsonIncludeNonNulls: boolean;
  readonly jsonFlatten: boolean;
  readonly retainOrdering: boolean;
  readonly retryInitialDelay: number;
  readonly retryMaxDelay: number;
  /** Milliseconds without an accepted record until that is reported; 0 = never. */
  readonly putStallTimeout: number;
  /** Milliseconds after which a record that was not stored goes to `onError`; never when absent. */
  readonly recordTtl?: number;
  /** `route`: to the dead-letter topic where the sink has one, otherwise the sink ends. */
  readonly onError: 'route' | 'fail' | 'dlq' | 'skip';
  /** Whether several records go in one, in the frame of the KPL. */
  readonly aggregationEnabled: boolean;
  /** Bytes of data and partition key of a frame, 64 to 10,485,760. */
  readonly aggregationMaxSize: number;
  /** Records of a frame, from 1. */
  readonly aggregationMaxCount: number;
  /** Entries of one PutRecords, 1 to 500. */
  readonly collectionMaxCount: number;
  /** Bytes of data and keys of one PutRecords, up to 10 MiB. */
  readonly collectionMaxSize: number;
  readonly lingerMs: number;
  /** PutRecords calls in flight. */
  readonly maxConnections: number;
  /** Records, and bytes, that the sink holds before `write` waits. */
  readonly maxPendingRecords: number;
  readonly maxPendingBytes: number;
  /** Percent of a shard's write limits (1,000 records/s, 1 MiB/s) that this sink may use. */
  readonly rateLimit: number;
  readonly cloudwatch: CloudWatchSettings;
}

/** How we prove to Pulsar who we are. What is read from files is read at every call: they are replaced while we run. */
export type PulsarAuthentication =
  | { readonly type: 'none' }
  /** `stale`: a token that is not taken any more. */
  | { readonly type: 'token'; token(stale?: string): Promise<string> }
  /** By the client certificate of the TLS settings. */
  | { readonly type: 'tls' }
  | { readonly type: 'basic'; readonly userId: string; readonly password: Secret }
  | {
      readonly type: 'oauth2';
      readonly issuerUrl: string;
      client(): Promise<OAuth2Client>;
      readonly audience?: string;
      readonly scope?: string;
      /** PEM file of the authorities that the issuer's certificate may come from; Node's own when absent. */
      readonly trustCertsFilePath?: string;
    };

export interface OAuth2Client {
  readonly clientId: string;
  readonly clientSecret: Secret;
}

/** Paths are absolute. */
export interface PulsarTlsSettings {
  /** PEM file of the authorities that certificates may come from; Node's own when absent. */
  readonly trustCertsFilePath?: string;
  /** PEM files of our own certificate and its key; both or none. */
  readonly certificateFilePath?: string;
  readonly keyFilePath?: string;
  /** Whether any certificate is good enough. */
  readonly allowInsecureConnection: boolean;
  /** Whether a certificate must name the host of the URL. */
  readonly hostnameVerificationEnable: boolean;
}

export interface PulsarSettings {
  readonly serviceUrl: string;
  /** Of the REST API: `http[s]://host:port`. */
  readonly adminUrl?: string;
  /** Whose client is used with `pulsar://` and `pulsar+ssl://`: our own, or that of npm. */
  readonly transport: 'binary' | 'pulsar-client';
  /** Largest frame that the WebSocket service takes: its `webSocketMaxTextFrameSize`. */
  readonly webSocketMaxFrameBytes: number;
  readonly authentication: PulsarAuthentication;
  readonly tls: PulsarTlsSettings;
  /** The advertised listener to ask brokers for; their choice when absent. */
  readonly listenerName?: string;
  /** `host:port` of the broker that the proxy at `serviceUrl` is asked for. */
  readonly proxyToBroker?: string;
  /** Proxy through which every broker is reached, by the host name in the TLS handshake. */
  readonly sniProxy?: { readonly host: string; readonly port: number };
  /** From 1. */
  readonly connectionsPerBroker: number;
  /** Redirects in one lookup, from 0. */
  readonly maxLookupRedirects: number;
  readonly operationTimeout: number;
  readonly connectionTimeout: number;
  readonly keepAliveInterval: number;
}

/** Batching and bounds of the producers of one connector. */
export interface ProducerSettings {
  readonly batchingEnabled: boolean;
  /** KEY_BASED: a batch has messages of one key only. */
  readonly batchBuilder?: 'DEFAULT' | 'KEY_BASED';
  readonly batchingMaxPublishDelay: number;
  readonly batchingMaxMessages: number;
  readonly batchingMaxBytes: number;
  /** Whether messages above the broker's limit go in chunks; they can never be stored otherwise. */
  readonly chunkingEnabled: boolean;
  readonly compressionType: 'NONE' | 'LZ4' | 'ZLIB' | 'ZSTD' | 'SNAPPY';
  /** How the key of a message chooses its partition. */
  readonly hashingScheme: 'Murmur3_32Hash' | 'JavaStringHash';
  /** Times `batchingMaxPublishDelay` for which messages without a key go to one partition. */
  readonly partitionSwitchFrequency: number;
  /** Milliseconds between two questions how many partitions a topic has; 0 = never. */
  readonly autoUpdatePartitionsInterval: number;
  readonly maxPendingMessages: number;
  /** Bytes sent and not yet confirmed, over all producers of a transport. */
  readonly maxPendingBytes: number;
  /** Milliseconds without a receipt until a send counts as failed; 0 = never. */
  readonly sendTimeout: number;
  /** Milliseconds without any receipt until a producer is replaced; 0 = never. */
  readonly sendStallTimeout: number;
}

/** How the messages of one sink are read. Times are milliseconds. Names are those of Pulsar's ConsumerBuilder. */
export interface ConsumerSettings {
  /** For which an acknowledgement waits for others to go with it. */
  readonly acknowledgmentGroupTime: number;
  /** Entries in one acknowledgement. */
  readonly maxAcknowledgmentGroupSize: number;
  /** Whether parts of batches are acknowledged. */
  readonly batchIndexAckEnabled: boolean;
  readonly negativeAckRedeliveryBackoff: { readonly maxDelayMs: number; readonly multiplier: number };
  /** Messages in chunks that may be incomplete at a time; 0 = any number. */
  readonly maxPendingChunkedMessage: number;
  /** Whether one more gives up the oldest of them, instead of waiting at the broker. */
  readonly autoAckOldestChunkedMessageOnQueueFull: boolean;
  /** After which one is given up; 0 = never. */
  readonly expireTimeOfIncompleteChunkedMessage: number;
  /** Between two looks for new partitions; 0 = never. */
  readonly autoUpdatePartitionsInterval: number;
  /** Between two looks for topics that match a pattern; 0 = never. */
  readonly patternAutoDiscoveryPeriod: number;
}

/** One source of a file, validated. */
export interface SourceDefinition {
  readonly tenant: string;
  readonly namespace: string;
  readonly name: string;
  /** May be a template, see `fillTopic`. */
  readonly topicName: string;
  readonly className: string;
  readonly parallelism: number;
  readonly processingGuarantees: ProcessingGuarantees;
  readonly producer: ProducerSettings;
  /** `configs` with references resolved, shared `aws` laid under it: what Source.open takes. */
  readonly configs: { readonly [name: string]: unknown };
  readonly secrets: { readonly [name: string]: string };
}

/** One sink of a file, validated. Names are those of Pulsar's SinkConfig. */
export interface SinkDefinition {
  readonly tenant: string;
  readonly namespace: string;
  readonly name: string;
  /** Topics, as given. */
  readonly inputs: readonly string[];
  /** Patterns of topics, as given; there is at least one input or pattern. */
  readonly inputPatterns: readonly string[];
  readonly className: string;
  readonly parallelism: number;
  readonly processingGuarantees: ProcessingGuarantees;
  /** Derived as the Java runtime does: Failover, Key_Shared or Shared. */
  readonly subscriptionType: SubscriptionType;
  /** sourceSubscriptionName, or `tenant/namespace/name`. */
  readonly subscriptionName: string;
  readonly sourceSubscriptionPosition: 'earliest' | 'latest';
  /** The subscription goes with the sink when the sink is deleted (which a stop is not). */
  readonly cleanupSubscription: boolean;
  /** Milliseconds until a message that the sink did not settle counts as failed; 0 = never. */
  readonly timeoutMs: number;
  readonly negativeAckRedeliveryDelayMs: number;
  /** Deliveries after the first before a message goes to the dead-letter topic; without end when absent. */
  readonly maxMessageRetries?: number;
  readonly deadLetterTopic?: string;
  readonly receiverQueueSize: number;
  readonly receiverQueueBytes: number;
  readonly consumer: ConsumerSettings;
  /** Schema of messages that carry none, by input topic or pattern as given. */
  readonly schemaTypes: { readonly [topic: string]: SchemaType };
  /** Of the dead-letter producer. */
  readonly producer: ProducerSettings;
  /** `configs` with references resolved, shared `aws` laid under it: what Sink.open takes. */
  readonly configs: { readonly [name: string]: unknown };
  readonly secrets: { readonly [name: string]: string };
}

/** What is answered over HTTP, and to whom. */
export interface HttpSettings {
  readonly host: string;
  readonly port: number;
  /** Asked of everybody, except for health; of nobody when absent. */
  readonly token?: Secret;
  readonly explore: ExploreSettings;
}

/** Whether the page shows records of streams, and how much of them at a time. */
export interface ExploreSettings {
  readonly allowed: boolean;
  /** Of one look: records, bytes, and milliseconds. */
  readonly maxRecords: number;
  readonly maxBytes: number;
  readonly timeout: number;
  /** At a time. */
  readonly maxLooks: number;
}

/** How instances that failed are started again. Times are milliseconds. */
export interface RestartSettings {
  /** Ceiling of the first wait. */
  readonly initialDelayMs: number;
  /** Ceiling of any wait. */
  readonly maxDelayMs: number;
  /** An instance that has run that long has left its failures behind. */
  readonly resetAfterMs: number;
  /** Failures in a row that may not heal, until one of them ends the process. */
  readonly maxFailures: number;
}

/** Something accepted that the user should know of. */
export interface ConfigNotice {
  readonly path: string;
  readonly message: string;
}

/** The secrets of AWS Secrets Manager that a configuration refers to. */
export interface ConfigSecrets {
  /** Changes whenever a value has changed. */
  readonly version: number;
  /** Reads them anew from now on, every `secretsRefreshInterval`, until what it returns is called. */
  keepFresh(surroundings: {
    readonly clock: Clock;
    readonly random: Random;
    readonly logger: Logger;
  }): () => void;
  /** Reads them anew because one is refused. Never rejects. */
  refresh(): Promise<void>;
}

export interface LoadedConfig {
  readonly file: string;
  readonly pulsar: PulsarSettings;
  readonly sources: readonly SourceDefinition[];
  readonly sinks: readonly SinkDefinition[];
  /** Nothing listens when absent. */
  readonly http?: HttpSettings;
  /** Milliseconds that stopping may take. */
  readonly shutdownTimeoutMs: number;
  readonly restart: RestartSettings;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly notices: readonly ConfigNotice[];
  /** Absent when the file refers to none. */
  readonly secrets?: ConfigSecrets;
}
