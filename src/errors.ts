/**
 * What may be done after an error:
 * - `retry`: heals by itself; try again for as long as it takes, with backoff.
 * - `bounded`: may heal; try again a few times, then treat it as fatal.
 * - `fatal`: cannot heal without a person; the instance ends (exit code 3).
 * - `config`: the configuration or the command line is wrong; nothing is started (exit code 2).
 */
export type ErrorTreatment = 'retry' | 'bounded' | 'fatal' | 'config';

interface ErrorDefinition {
  readonly treatment: ErrorTreatment;
  /** What the reader should do, unless the place of the error knows better. */
  readonly hint: string;
}

const define = <T extends { readonly [code: string]: ErrorDefinition }>(definitions: T): T => definitions;

/** Every error a user can meet. A code never changes its meaning. */
export const ERRORS = define({
  // configuration and command line
  CONFIG_INVALID: {
    treatment: 'config',
    hint: 'Mend every problem listed; `config validate FILE` checks again.',
  },
  CONFIG_UNREADABLE: {
    treatment: 'config',
    hint: 'Check that the file exists, is readable, and is YAML or JSON.',
  },
  USAGE: { treatment: 'config', hint: 'See --help of the command.' },
  NOT_AVAILABLE_YET: { treatment: 'config', hint: 'Remove the option; this version cannot do it.' },

  // AWS, any service
  AWS_THROTTLED: { treatment: 'retry', hint: 'Nothing, unless it lasts: then raise the limit it names.' },
  AWS_UNAVAILABLE: {
    treatment: 'retry',
    hint: 'Nothing, unless it lasts: then check network, endpoint and AWS status.',
  },
  AWS_TIMEOUT: {
    treatment: 'retry',
    hint: 'Nothing, unless it lasts: then check network and endpoint, or raise the time-out.',
  },
  AWS_ACCESS_DENIED: { treatment: 'fatal', hint: 'Grant the action named to the role in use.' },
  AWS_CREDENTIALS: {
    treatment: 'bounded',
    hint: 'Check the credentials configured; the default chain looks at environment, profile, container and instance role.',
  },
  AWS_CLOCK_SKEW: {
    treatment: 'fatal',
    hint: 'Set the clock of this machine; AWS refuses signatures more than five minutes off.',
  },
  AWS_REGION_MISSING: {
    treatment: 'config',
    hint: 'Set aws.region, --region or AWS_REGION, or use a profile that has one.',
  },
  AWS_REQUEST_REFUSED: {
    treatment: 'fatal',
    hint: 'The service finds the request invalid: read the cause; it is a defect unless a name or option in it is wrong.',
  },
  AWS_TLS: {
    treatment: 'bounded',
    hint: 'Check the endpoint, and that its certificate is trusted here (aws.caFile, NODE_EXTRA_CA_CERTS).',
  },
  AWS_PROXY_UNAVAILABLE: {
    treatment: 'retry',
    hint: 'Nothing, unless it lasts: then check aws.proxy.url, and that the proxy runs and reaches AWS.',
  },
  AWS_PROXY_REFUSED: {
    treatment: 'bounded',
    hint: 'Allow this host and port in the rules of the proxy, or name the host in aws.proxy.noProxy.',
  },
  AWS_UNKNOWN: {
    treatment: 'bounded',
    hint: 'Read the cause; report it if it is not in the AWS documentation.',
  },

  // Kinesis
  KINESIS_STREAM_NOT_FOUND: { treatment: 'fatal', hint: 'Check stream name, region, account and endpoint.' },
  KINESIS_STREAM_RECREATED: {
    treatment: 'fatal',
    hint: 'The lease table belongs to a deleted stream of that name: use another applicationName, or delete the table.',
  },
  KINESIS_STREAM_TWICE: {
    treatment: 'config',
    hint: 'Name each stream once. Streams of one account and name that were created in the same second, in two regions, cannot share a lease table: give each a source of its own.',
  },
  STREAM_ARN_INVALID: {
    treatment: 'config',
    hint: 'Copy the ARN from the console or from DescribeStreamSummary.',
  },
  KINESIS_STREAM_NOT_READY: { treatment: 'bounded', hint: 'Wait until the stream is ACTIVE.' },
  KINESIS_SHARD_NOT_FOUND: {
    treatment: 'bounded',
    hint: 'Kinesis lists the shard and does not find it: try again, and look at the stream if it lasts.',
  },
  KINESIS_ITERATOR_EXPIRED: { treatment: 'retry', hint: 'Nothing: a new iterator is taken.' },
  KINESIS_POSITION_REFUSED: {
    treatment: 'bounded',
    hint: 'The position does not belong to this shard: was the stream deleted and created again?',
  },
  KINESIS_LISTING_EXPIRED: { treatment: 'retry', hint: 'Nothing: the listing of shards starts again.' },
  KINESIS_LISTING_INCONSISTENT: {
    treatment: 'bounded',
    hint: 'ListShards contradicted itself; it agrees once a reshard has ended.',
  },
  KINESIS_SHARD_END_UNPROVEN: {
    treatment: 'bounded',
    hint: 'A shard ended that ListShards does not show as ended: look at the stream if it lasts.',
  },
  KINESIS_KMS: {
    treatment: 'fatal',
    hint: 'Allow kms:Decrypt on the key of the stream, and check that the key is enabled.',
  },
  KINESIS_HASH_RANGE_INCOMPLETE: {
    treatment: 'bounded',
    hint: 'ListShards did not cover the whole hash range; it does once a reshard has ended.',
  },

  // enhanced fan-out
  KINESIS_CONSUMER_NOT_FOUND: {
    treatment: 'bounded',
    hint: 'Check consumerName or consumerArn, or leave consumerArn out: then the consumer is registered.',
  },
  KINESIS_CONSUMER_LIMIT: {
    treatment: 'bounded',
    hint: 'Deregister a consumer that is no longer used, or set retrievalMode to polling.',
  },
  EFO_CONSUMER_IN_USE: {
    treatment: 'fatal',
    hint: 'Stop every worker of the source first, or add --force: then its readers lose the consumer.',
  },
  KINESIS_CONSUMER_NOT_READY: { treatment: 'bounded', hint: 'Wait until the consumer is ACTIVE.' },
  KINESIS_SUBSCRIPTION_IN_USE: {
    treatment: 'retry',
    hint: 'Nothing, unless it lasts: then another process uses the same consumer; give each application its own.',
  },

  // lease table
  LEASE_TABLE_NOT_FOUND: { treatment: 'fatal', hint: 'Create the table, or allow dynamodb:CreateTable.' },
  LEASE_TABLE_NOT_READY: { treatment: 'bounded', hint: 'Wait until the table is ACTIVE.' },
  LEASE_TABLE_WRONG_SHAPE: {
    treatment: 'fatal',
    hint: 'Use another leaseTableName: the table must have the single key leaseKey (String).',
  },
  LEASE_TABLE_DELETING: {
    treatment: 'fatal',
    hint: 'Wait until the table is gone: the next start creates it anew. Or use another leaseTableName.',
  },
  LEASE_TABLE_MULTI_STREAM: {
    treatment: 'fatal',
    hint: 'Give awsKinesisStreamName as a list, even of one stream, to go on from these rows; or use another applicationName or leaseTableName.',
  },
  LEASE_TABLE_SINGLE_STREAM: {
    treatment: 'fatal',
    hint: 'Give awsKinesisStreamName as one name, not as a list or pattern, to go on from these rows; or use another applicationName or leaseTableName.',
  },
  LEASE_TABLE_LIVE_3X_FLEET: {
    treatment: 'fatal',
    hint: 'Stop every worker of that fleet and start this source 60 s later, or use another applicationName. Side by side works with KCL 2.x, and with 3.x while it is in its 2.x-compatible mode.',
  },
  LEASE_TABLE_OTHER_STREAM: {
    treatment: 'fatal',
    hint: 'Use another applicationName or leaseTableName: one table serves one stream.',
  },
  LEASE_TABLE_CONDITION: {
    treatment: 'bounded',
    hint: 'Nothing: another worker wrote first, the row is read again.',
  },
  CHECKPOINT_INVALID: {
    treatment: 'fatal',
    hint: 'Mend that row of the lease table, or delete it to start its shard anew.',
  },
  LEASE_LOST: { treatment: 'bounded', hint: 'Nothing: another worker holds the lease now.' },

  // offsets
  OFFSETS_FILE_INVALID: {
    treatment: 'config',
    hint: 'Give a file that `offsets export` or a backup wrote, and mend every problem listed.',
  },
  OFFSETS_LEASE_LIVE: {
    treatment: 'fatal',
    hint: 'Stop every worker of the application first, or add --fence to take the leases away from them.',
  },
  OFFSETS_TARGET_NOT_EMPTY: {
    treatment: 'fatal',
    hint: 'Add --overwrite to replace what the lease table says; a backup of it is written first.',
  },
  OFFSETS_OTHER_STREAM: {
    treatment: 'fatal',
    hint: 'Offsets mean something in their own stream only: name it by --stream, or give another file or table.',
  },
  OFFSETS_SHARD_UNKNOWN: {
    treatment: 'fatal',
    hint: '`offsets get` lists the shards that have a lease.',
  },
  OFFSETS_SEQUENCE_OUTSIDE: {
    treatment: 'fatal',
    hint: 'Take the sequence number of a record of that very shard.',
  },
  OFFSETS_INCOMPLETE: {
    treatment: 'fatal',
    hint: 'Run the same command again: it changes what is left. The backup file holds what there was before.',
  },

  // exploring
  EXPLORE_SHARD_UNKNOWN: { treatment: 'config', hint: '`streams shards NAME` lists the shards of a stream.' },
  EXPLORE_POSITION_INVALID: {
    treatment: 'config',
    hint: 'Give latest, oldest, an instant, how long ago (-15m), or the sequence number of a record of that very shard.',
  },

  // source
  START_POSITION_IN_FUTURE: { treatment: 'config', hint: 'Give startAtTime an instant that has passed.' },
  SOURCE_DATA_LOSS: {
    treatment: 'fatal',
    hint: 'Set onDataLoss to continue to go on behind the gap, or put the shard elsewhere with `offsets set` or `offsets reset`. A longer retention of the stream gives a source more time to be down.',
  },
  SOURCE_RECORD_INVALID: {
    treatment: 'fatal',
    hint: 'Mend the producer of this record, or set deadLetterTopic or onError, or outputFormat bytes.',
  },
  DEAD_LETTER_REFUSED: {
    treatment: 'fatal',
    hint: 'Pulsar does not take the dead letter either: read the cause, mend the dead-letter topic, or set onError to skip.',
  },
  DEAD_LETTER_OVERSIZE: {
    treatment: 'config',
    hint: 'Set dlqOversize to truncate, or use a serviceUrl that starts with pulsar://.',
  },
  SOURCE_CLOSED: { treatment: 'fatal', hint: 'Nothing: the source was closed.' },
  ILLEGAL_STATE: { treatment: 'fatal', hint: 'This is a defect: please report it with the log.' },

  // sink
  SINK_RECORD_TOO_LARGE: {
    treatment: 'fatal',
    hint: 'Raise the largest record size of the stream (UpdateMaxRecordSize), or set deadLetterTopic or onError.',
  },
  SINK_RECORD_INVALID: {
    treatment: 'fatal',
    hint: 'Mend the producer of this message, or set deadLetterTopic or onError.',
  },
  SINK_RECORD_REFUSED: {
    treatment: 'fatal',
    hint: 'Kinesis refuses this record for itself: read the cause, or set deadLetterTopic or onError.',
  },
  SINK_RECORD_EXPIRED: {
    treatment: 'fatal',
    hint: 'The stream took nothing for longer than recordTtl: add shards, or raise recordTtl.',
  },
  SINK_SCHEMA_UNSUPPORTED: {
    treatment: 'fatal',
    hint: 'Use messageFormat ONLY_RAW_PAYLOAD, or a schema that can be written as JSON.',
  },
  SINK_RECORD_UNSETTLED: {
    treatment: 'bounded',
    hint: 'The message is delivered again; raise timeoutMs if the sink needs longer.',
  },
  SINK_CLOSED: { treatment: 'fatal', hint: 'Nothing: the sink was closed.' },

  // Pulsar
  PULSAR_UNAVAILABLE: {
    treatment: 'retry',
    hint: 'Nothing, unless it lasts: then check that the broker runs and serviceUrl is right.',
  },
  PULSAR_SEND_FAILED: { treatment: 'retry', hint: 'Nothing: it is sent again in order.' },
  PULSAR_SEND_TIMEOUT: {
    treatment: 'retry',
    hint: 'Nothing, unless it lasts: then look at the load of the broker.',
  },
  PULSAR_AUTHENTICATION: { treatment: 'fatal', hint: 'Check pulsar.authentication: the broker refused it.' },
  PULSAR_TLS: {
    treatment: 'bounded',
    hint: 'Check pulsar.tlsTrustCertsFilePath, that the certificate names the host of the URL, and the scheme of serviceUrl.',
  },
  PULSAR_AUTHORIZATION: { treatment: 'fatal', hint: 'Grant produce or consume on the topic to this role.' },
  PULSAR_TOPIC_NOT_FOUND: {
    treatment: 'fatal',
    hint: 'Create the topic, or allow automatic creation on the broker.',
  },
  PULSAR_TOPIC_TERMINATED: { treatment: 'fatal', hint: 'The topic was terminated: use another one.' },
  PULSAR_PARTITIONS_CHANGED: {
    treatment: 'retry',
    hint: 'Nothing: the topic was created anew, and is sent to as it is now.',
  },
  PULSAR_PARTITIONS_LOST: {
    treatment: 'fatal',
    hint: 'The topic was deleted or created anew. Give it the partitions it had (`pulsar-admin topics update-partitioned-topic`), or `offsets set` the shard to its own checkpoint, which begins a new generation.',
  },
  PULSAR_MESSAGE_TOO_LARGE: {
    treatment: 'fatal',
    hint: 'Leave chunkingEnabled at true, raise maxMessageSize of the broker, or set deadLetterTopic or onError.',
  },
  PULSAR_SCHEMA_REFUSED: {
    treatment: 'fatal',
    hint: 'The topic has another schema: use another topic or outputFormat, change its schema, or set deadLetterTopic or onError.',
  },
  PULSAR_BUSY: {
    treatment: 'retry',
    hint: 'Another producer of that name is connected: nothing, unless it lasts; then look for a second instance of this connector.',
  },
  PULSAR_PRODUCER_FENCED: {
    treatment: 'retry',
    hint: 'Another producer has the topic for itself (access mode Exclusive): end it, or use another topic.',
  },
  PULSAR_PRODUCER_LIMIT: {
    treatment: 'retry',
    hint: 'The topic has as many producers as its policy allows: end some, raise it (`pulsar-admin namespaces set-max-producers-per-topic`), or use fewer shards.',
  },
  PULSAR_BACKLOG_QUOTA: {
    treatment: 'retry',
    hint: 'The backlog quota of the namespace is used up: consume or raise it.',
  },
  PULSAR_NOT_ALLOWED: {
    treatment: 'fatal',
    hint: 'A policy of the broker or topic forbids it; the message says which.',
  },
  PULSAR_TOPIC_INVALID: {
    treatment: 'config',
    hint: 'Write <topic>, <tenant>/<namespace>/<topic>, or persistent://<tenant>/<namespace>/<topic>.',
  },
  RECORDS_NOT_NUMBERED: {
    treatment: 'fatal',
    hint: 'Use ATLEAST_ONCE: EFFECTIVELY_ONCE needs a source whose partitions say how records are numbered (RecordPartition.sequencing).',
  },
  PULSAR_DEDUPLICATION_OFF: {
    treatment: 'fatal',
    hint: 'EFFECTIVELY_ONCE needs a topic that deduplicates: `pulsar-admin namespaces set-deduplication TENANT/NAMESPACE --enable`, or set enableDeduplication and pulsar.adminUrl.',
  },
  SEQUENCE_ID_CLASH: {
    treatment: 'bounded',
    hint: 'Nothing, if it stays alone: the shard is read again from its checkpoint under other numbers, and what was sent since may be there twice. If it comes again, another program sends to the topic under the same producer name: end it.',
  },
  PULSAR_SEND_REVOKED: { treatment: 'bounded', hint: 'Nothing: another worker sends the rest.' },
  PULSAR_CONSUMER_BUSY: {
    treatment: 'retry',
    hint: 'Another consumer holds this subscription exclusively: stop it, or use another subscription.',
  },
  PULSAR_SUBSCRIPTION_MISMATCH: {
    treatment: 'config',
    hint: 'The subscription is in use with another type: use another sourceSubscriptionName, or stop its consumers.',
  },
  PULSAR_MESSAGE_UNREADABLE: {
    treatment: 'fatal',
    hint: 'Read the cause: the message is compressed, chunked or encoded in a way this version cannot read.',
  },
  PULSAR_CLIENT_MISSING: {
    treatment: 'config',
    hint: 'Install it beside this package: `npm install pulsar-client@1.18.0`, which downloads or compiles a native part. Or remove pulsar.transport: our own client needs none.',
  },
  PULSAR_CLOSED: { treatment: 'fatal', hint: 'Nothing: the transport was closed.' },
  OUTPUT_CLOSED: {
    treatment: 'fatal',
    hint: 'The reader of standard output is gone: keep it running, or use another serviceUrl.',
  },
  PULSAR_UNKNOWN: { treatment: 'bounded', hint: 'Read the cause.' },

  // watchdog: parts that do not get on
  READER_STALLED: {
    treatment: 'retry',
    hint: 'Nothing, unless it lasts: the shard is read on by a new reader; look at the network to Kinesis.',
  },
  READS_REFUSED: {
    treatment: 'retry',
    hint: 'Reading goes on once Kinesis answers: look at other readers of the stream, at network and AWS status.',
  },
  READS_BARREN: {
    treatment: 'retry',
    hint: 'Nothing, unless it lasts: the shard is read on with a new iterator; look at the health of Kinesis in that region.',
  },
  SEND_STALLED: {
    treatment: 'retry',
    hint: 'Nothing, unless it lasts: sending starts again from the first unconfirmed record; look at the broker.',
  },
  RENEWAL_LATE: {
    treatment: 'retry',
    hint: 'Leases are renewed at once. If it recurs: give the process more CPU, look at DynamoDB, or raise failoverTime.',
  },
  TAKER_STALLED: {
    treatment: 'retry',
    hint: 'Nothing, unless it lasts: the table is read again; look at the network to DynamoDB.',
  },
  CHILD_BLOCKED: {
    treatment: 'retry',
    hint: 'Nothing, unless it lasts: the parents are looked at again.',
  },
  SINK_STALLED: {
    treatment: 'retry',
    hint: 'Records are sent again until Kinesis takes them: look at its throttling, network and AWS status.',
  },

  // runtime
  CONNECTOR_UNKNOWN: {
    treatment: 'config',
    hint: 'className, sourceType or sinkType must name a connector: kinesis, the Java class, or a module path.',
  },
  SHUTDOWN_DEADLINE: {
    treatment: 'fatal',
    hint: 'What was in flight is sent again by the next start; raise shutdownTimeoutMs if it recurs.',
  },
  HTTP_PORT: { treatment: 'config', hint: 'Choose a free port.' },
  DOCTOR_TIMEOUT: {
    treatment: 'bounded',
    hint: 'Look at what the lines above say of the network, or raise --timeout.',
  },
  HTTP_TOKEN_REFUSED: {
    treatment: 'config',
    hint: 'Give the http.token of the running connector: --token-file FILE, or PULSAR_IO_KINESIS_HTTP_TOKEN.',
  },
  HTTP_UNREACHABLE: {
    treatment: 'bounded',
    hint: 'Check that the connector runs, that http.port is set there, and the address.',
  },
});

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorDetails {
  /** What was expected, in the user's words. */
  readonly expected?: string;
  /** What was found instead. Never a secret. */
  readonly found?: string;
  /** What to do; the code's own hint when absent. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** The one class of errors a user can meet. Match on `code`. */
export class ConnectorError extends Error {
  override readonly name = 'ConnectorError';
  readonly code: ErrorCode;
  readonly treatment: ErrorTreatment;
  readonly expected: string | undefined;
  readonly found: string | undefined;
  readonly hint: string;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.treatment = ERRORS[code].treatment;
    this.expected = details.expected;
    this.found = details.found;
    this.hint = details.hint ?? ERRORS[code].hint;
  }

  /** Whether the same thing may succeed when tried again. */
  get retryable(): boolean {
    return this.treatment === 'retry' || this.treatment === 'bounded';
  }
}

/** Whether `error` is a ConnectorError, of one of `codes` when any are given. */
export function isConnectorError(error: unknown, ...codes: ErrorCode[]): error is ConnectorError {
  return error instanceof ConnectorError && (codes.length === 0 || codes.includes(error.code));
}

/** The text of whatever was thrown, without its stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** One line for a person: code, what happened, expected and found, what to do. */
export function explain(error: unknown): string {
  const message = firstLine(messageOf(error));
  if (!(error instanceof ConnectorError)) {
    return message;
  }
  const parts = [`${error.code}: ${message}`];
  if (error.expected !== undefined || error.found !== undefined) {
    parts.push(`expected ${error.expected ?? 'something else'}, found ${error.found ?? 'nothing'}`);
  }
  parts.push(error.hint);
  const why = error.cause instanceof Error ? firstLine(error.cause.message) : '';
  const cause = message.includes(why) ? '' : ` (cause: ${why})`;
  return `${parts.map((part) => part.replace(/\.$/, '')).join('. ')}.${cause}`;
}

export function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
