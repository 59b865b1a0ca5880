import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InteropLab } from './interop-lab';
import { type KclVersion, kclClassPath } from './kcl-library';
import { LineProcess } from './line-process';

/** Of both sides, milliseconds. */
export const FAILOVER_MS = 3_000;

/** As built. */
export const COMMAND = 'dist/cli/main.js';

/** About 250 records/s and shard on either side, so that half of the records is in the middle. */
const PACE = { maxReadsPerSecondPerShard: 5, maxRecordsPerRead: 50 };
const KCL_PACE = { 'max-records': 50, idle: 200 };

const JVM = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Djava.net.preferIPv4Stack=true'];

/** A record as either side gives it. */
export interface WorkerRecord {
  readonly key: string | null;
  /** Base64. */
  readonly data: string;
  readonly stream: string | undefined;
  readonly shard: string | undefined;
  readonly sequence: string | undefined;
  readonly subSequence: number;
  /** Explicit hash key; absent when it has none. */
  readonly hashKey?: string | undefined;
}

/** What the harness of the KCL says beside the records. */
export interface KclEvent {
  readonly event:
    | 'worker'
    | 'initialized'
    | 'checkpointed'
    | 'notCheckpointed'
    | 'leaseLost'
    | 'shardEnded'
    | 'shutdownRequested'
    | 'stopped';
  readonly stream?: string;
  readonly shard?: string | undefined;
  /** Absent when all that was given was checkpointed. */
  readonly sequence?: string | undefined;
  readonly subSequence?: number;
}

export interface KclOptions {
  readonly version?: KclVersion;
  /** Options of the harness over those every worker has. */
  readonly [option: string]: string | number | undefined;
}

export interface InteropStream {
  readonly name: string;
  /** As the KCL calls one of several: `account:name:creation`. */
  readonly id: string;
}

/** A worker that is to be started. */
export interface WorkerOptions {
  readonly lab: InteropLab;
  /** Of application and lease table. */
  readonly application: string;
  readonly streams: readonly InteropStream[];
  readonly name: string;
  readonly onRecord: (record: WorkerRecord) => void;
}

const PROPERTIES = [
  'kinesis.stream',
  'kinesis.shard.id',
  'kinesis.sequence.number',
  'kinesis.subsequence.number',
  'kinesis.explicit.hash.key',
];

interface StdoutMessage {
  readonly key: string | null;
  /** Base64. */
  readonly value: string;
  readonly properties: { readonly [name: string]: string | undefined };
}

/** The configuration file of the connector. @param configs options of the source over those every one has */
export function writeConfig(options: WorkerOptions, configs: { readonly [option: string]: unknown }): string {
  const file = join(options.lab.folder, `${options.application}-${options.name}.json`);
  writeFileSync(file, JSON.stringify(configOf(options, configs)));
  return file;
}

/** The connector as built. @param configs options of the source over those every one has */
export function startOurs(
  options: WorkerOptions,
  configs: { readonly [option: string]: unknown },
): LineProcess {
  const { name, onRecord } = options;
  const configFile = writeConfig(options, configs);
  return new LineProcess(name, process.execPath, [COMMAND, 'run', '-c', configFile], (line) => {
    const { key, value, properties } = line as StdoutMessage;
    onRecord({
      key,
      data: value,
      stream: properties['kinesis.stream'],
      shard: properties['kinesis.shard.id'],
      sequence: properties['kinesis.sequence.number'],
      subSequence: Number(properties['kinesis.subsequence.number']),
      hashKey: properties['kinesis.explicit.hash.key'],
    });
  });
}

/** A worker of the KCL whose id is its name. */
export async function startKcl(
  { lab, application, streams, name, onRecord }: WorkerOptions,
  { version = '2.6.0', ...more }: KclOptions,
  onEvent: (event: KclEvent) => void,
): Promise<LineProcess> {
  const options = {
    application,
    ...(streams.length === 1
      ? { stream: streams[0]?.name }
      : { streams: streams.map(({ id }) => id).join(',') }),
    kinesis: lab.emulator.kinesisEndpoint,
    dynamodb: lab.dynamodbEndpoint,
    worker: name,
    failover: FAILOVER_MS,
    ...KCL_PACE,
    ...more,
  };
  const args = Object.entries(options).flatMap(([option, value]) => [`--${option}`, String(value)]);
  const classPath = await kclClassPath(version);
  return new LineProcess(name, 'java', [...JVM, '-cp', classPath, 'KclHarness', ...args], (line) => {
    if ((line as { event: string }).event === 'record') {
      onRecord(line as WorkerRecord);
    } else {
      onEvent(line as KclEvent);
    }
  });
}

function configOf({ lab, application, streams, name }: WorkerOptions, configs: object): object {
  const names = streams.map((stream) => stream.name);
  return {
    pulsar: { serviceUrl: 'stdout:' },
    aws: {
      region: 'us-east-1',
      credentials: { type: 'static', accessKeyId: 'test', secretAccessKey: 'test' },
      endpoints: { kinesis: lab.emulator.kinesisEndpoint, dynamodb: lab.dynamodbEndpoint },
    },
    sources: [
      {
        tenant: 'public',
        namespace: 'default',
        name,
        sourceType: 'kinesis',
        topicName: application,
        configs: {
          awsKinesisStreamName: names.length === 1 ? names[0] : names,
          applicationName: application,
          initialPositionInStream: 'TRIM_HORIZON',
          useEnhancedFanOut: false,
          failoverTime: FAILOVER_MS,
          cloudwatchMetricsLevel: 'NONE',
          kinesisRecordProperties: PROPERTIES,
          ...PACE,
          ...configs,
        },
      },
    ],
  };
}
