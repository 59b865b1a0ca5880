import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InteropLab } from './interop-lab';
import { type KclVersion, kclClassPath } from './kcl-library';
import { LineProcess } from './line-process';

/** Of both sides, milliseconds. */
export const FAILOVER_MS = 3_000;

/** About 250 records/s and shard on either side, so that half of the records is in the middle. */
const PACE = { maxReadsPerSecondPerShard: 5, maxRecordsPerRead: 50 };
const KCL_PACE = { 'max-records': 50, idle: 200 };

const JVM = [
  '-Xmx256m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Djava.net.preferIPv4Stack=true',
  // The emulator speaks JSON.
  '-Daws.cborEnabled=false',
];

/** A record as either side gives it. */
export interface WorkerRecord {
  readonly key: string | null;
  /** Base64. */
  readonly data: string;
  readonly shard: string | undefined;
  readonly sequence: string | undefined;
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

/** A worker that is to be started. */
export interface WorkerOptions {
  readonly lab: InteropLab;
  /** Of stream, application and lease table. */
  readonly application: string;
  readonly name: string;
  readonly onRecord: (record: WorkerRecord) => void;
}

interface StdoutMessage {
  readonly key: string | null;
  /** Base64. */
  readonly value: string;
  readonly properties: { readonly [name: string]: string | undefined };
}

/** The connector as built. @param configs options of the source over those every one has */
export function startOurs(
  options: WorkerOptions,
  configs: { readonly [option: string]: unknown },
): LineProcess {
  const { lab, application, name, onRecord } = options;
  const configFile = join(lab.folder, `${application}-${name}.json`);
  writeFileSync(configFile, JSON.stringify(configOf(options, configs)));
  return new LineProcess(name, process.execPath, ['dist/cli/main.js', 'run', '-c', configFile], (line) => {
    const { key, value, properties } = line as StdoutMessage;
    const shard = properties['kinesis.shard.id'];
    onRecord({ key, data: value, shard, sequence: properties['kinesis.sequence.number'] });
  });
}

/** A worker of the KCL whose id is its name. */
export async function startKcl(
  { lab, application, name, onRecord }: WorkerOptions,
  { version = '2.6.0', ...more }: KclOptions,
  onEvent: (event: KclEvent) => void,
): Promise<LineProcess> {
  const options = {
    application,
    stream: application,
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

function configOf({ lab, application, name }: WorkerOptions, configs: object): object {
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
          awsKinesisStreamName: application,
          applicationName: application,
          initialPositionInStream: 'TRIM_HORIZON',
          useEnhancedFanOut: false,
          failoverTime: FAILOVER_MS,
          cloudwatchMetricsLevel: 'NONE',
          kinesisRecordProperties: 'kinesis.shard.id,kinesis.sequence.number',
          ...PACE,
          ...configs,
        },
      },
    ],
  };
}
