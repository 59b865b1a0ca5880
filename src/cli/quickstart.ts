import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { type Command, InvalidArgumentError } from 'commander';
import { createKinesisClient } from '../aws/clients';
import { type LoadedConfig, loadConfigObject, parseKinesisSourceConfig } from '../config';
import { type Emulator, startEmulator } from '../emulator';
import { createPinoLogger } from '../runtime/pino-logger';
import { runSource } from '../runtime/run';
import { sleep, systemClock } from '../util/clock';
import type { Logger } from '../util/logger';
import { systemRandom } from '../util/random';
import type { CliIo } from './cli-io';
import { DeliveryTally, type Tally } from './delivery-tally';
import { EXIT, reportFailure } from './failure';
import { startProgress } from './progress';
import { type QuickstartRow, quickstartRows, rowNumber } from './quickstart-rows';
import { brokerTopic, memoryTopic, type QuickstartTopic } from './quickstart-topic';
import { stopOnSignals } from './stop-signals';

const STREAM = 'quickstart';
const SHARDS = 4;
const PUT_BATCH = 500;

/** Milliseconds between two looks at the topic, and without any arrival until what is missing counts as lost. */
const LOOK_MS = 20;
const PATIENCE_MS = 30_000;

const EXAMPLES = `
It starts Kinesis and DynamoDB in this process, puts records into a stream, runs the connector into a topic,
reads the topic back and counts.

Examples:
  $ npm run quickstart
  $ npm run quickstart -- --records 100000
  $ npm run quickstart -- --service-url pulsar://localhost:6650 --keep
  $ npm run -s quickstart -- --json`;

interface QuickstartFlags {
  readonly records: number;
  readonly serviceUrl?: string;
  readonly keep?: boolean;
  readonly json?: boolean;
}

interface Result extends Tally {
  readonly seconds: number;
  readonly recordsPerSecond: number;
}

function recordCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 1_000_000) {
    throw new InvalidArgumentError('expected a number of records, 1 to 1000000.');
  }
  return count;
}

export function registerQuickstartCommand(program: Command, io: CliIo): void {
  program
    .command('quickstart')
    .description('see records go from Kinesis to Pulsar, complete and in order')
    .option('--records <n>', 'records to put', recordCount, 20_000)
    .option('--service-url <url>', 'deliver to this Pulsar instead of a topic in memory')
    .option('--keep', 'keep Kinesis and DynamoDB running at the end, until Ctrl-C')
    .option('--json', 'print the result as one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(async (flags: QuickstartFlags) => {
      try {
        await quickstart(flags, io);
      } catch (error) {
        reportFailure(error, io);
      }
    });
}

async function quickstart(flags: QuickstartFlags, io: CliIo): Promise<void> {
  const logger = createPinoLogger('warn');
  const quiet = flags.json === true;
  const emulator = await startEmulator();
  const name = `persistent://public/default/${STREAM}-${systemRandom.hex(3)}`;
  const serviceUrl = flags.serviceUrl ?? 'memory://quickstart';
  const topic =
    flags.serviceUrl === undefined ? memoryTopic(name, logger) : await brokerTopic(name, serviceUrl, logger);
  try {
    const raw = configOf(emulator, serviceUrl, name);
    const config = loadConfigObject(raw, 'quickstart', { env: io.env });
    const rows = quickstartRows(flags.records);
    await put(rows, emulator, config, io, quiet);
    const result = await deliver(rows.length, config, topic, logger, io, quiet);
    const { lost, duplicated, outOfOrder } = result;
    io.setExitCode(lost + duplicated + outOfOrder === 0 ? EXIT.done : EXIT.fatal);
    io.stdout(quiet ? `${JSON.stringify(result)}\n` : report(result, rows, topic));
    if (flags.keep === true) {
      await keep(emulator, raw, io, logger);
    }
  } finally {
    await topic.close();
    await emulator.close();
  }
}

function configOf(emulator: Emulator, serviceUrl: string, topicName: string): { [name: string]: unknown } {
  return {
    pulsar: { serviceUrl },
    aws: {
      region: 'us-east-1',
      credentials: { type: 'static', accessKeyId: 'quickstart', secretAccessKey: 'quickstart' },
      endpoints: { kinesis: emulator.kinesisEndpoint, dynamodb: emulator.dynamodbEndpoint },
    },
    sources: [
      {
        tenant: 'public',
        namespace: 'default',
        name: STREAM,
        sourceType: 'kinesis',
        topicName,
        configs: {
          awsKinesisStreamName: STREAM,
          initialPositionInStream: 'TRIM_HORIZON',
          useEnhancedFanOut: false,
        },
      },
    ],
  };
}

async function put(
  rows: readonly QuickstartRow[],
  emulator: Emulator,
  config: LoadedConfig,
  io: CliIo,
  quiet: boolean,
): Promise<void> {
  emulator.kinesis.call('CreateStream', { StreamName: STREAM, ShardCount: SHARDS });
  const { aws } = parseKinesisSourceConfig(
    config.sources[0]?.configs ?? {},
    () => undefined,
    systemClock.now(),
  );
  const client = createKinesisClient(aws, { clock: systemClock });
  const progress = startProgress(io, 'putting', rows.length, quiet);
  for (let from = 0; from < rows.length; from += PUT_BATCH) {
    const Records = rows
      .slice(from, from + PUT_BATCH)
      .map(({ key, payload }) => ({ PartitionKey: key, Data: payload }));
    await client.send(new PutRecordsCommand({ StreamName: STREAM, Records }));
    progress.at(from + Records.length);
  }
  progress.done();
  client.destroy();
}

/** Runs the connector until it has caught up, while counting what arrives. */
async function deliver(
  count: number,
  config: LoadedConfig,
  topic: QuickstartTopic,
  logger: Logger,
  io: CliIo,
  quiet: boolean,
): Promise<Result> {
  const { stop, done } = stopOnSignals(config.shutdownTimeoutMs, logger);
  const failed = new AbortController();
  const progress = startProgress(io, 'delivering', count, quiet);
  const tally = new DeliveryTally(count);
  const started = systemClock.monotonic();
  const running = runSource({
    config,
    logger,
    transport: () => topic.openTransport(config),
    signal: AbortSignal.any([stop, failed.signal]),
    untilCaughtUp: true,
  });
  let seconds = 0;
  const counting = async (): Promise<void> => {
    let last = systemClock.monotonic();
    while (tally.delivered < count && systemClock.monotonic() - last < PATIENCE_MS && !stop.aborted) {
      const messages = await topic.arrivals();
      for (const { key, value } of messages) {
        tally.arrived(rowNumber(value), key ?? '');
      }
      progress.at(tally.delivered);
      if (messages.length > 0) {
        last = systemClock.monotonic();
        seconds = (last - started) / 1000;
      } else {
        await sleep(systemClock, LOOK_MS);
      }
    }
  };
  try {
    await Promise.all([counting(), running]);
  } finally {
    failed.abort(new Error('the count has ended'));
    await running.catch(() => undefined);
    done();
  }
  // What came behind the last record that was missed counts as well: a duplicate, perhaps.
  for (const { key, value } of await topic.rest()) {
    tally.arrived(rowNumber(value), key ?? '');
  }
  progress.done();
  const result = tally.result();
  return {
    ...result,
    seconds: Math.round(seconds * 100) / 100,
    recordsPerSecond: Math.round(result.delivered / Math.max(seconds, 0.001)),
  };
}

function report(result: Result, rows: readonly QuickstartRow[], topic: QuickstartTopic): string {
  const sample = rows
    .slice(0, 3)
    .map(({ key, payload }) => `  ${key}  ${Buffer.from(payload).toString('utf8')}`);
  const lines: [string, string][] = [
    ['records put', result.put.toLocaleString('en')],
    ['delivered', result.delivered.toLocaleString('en')],
    ['lost', result.lost.toLocaleString('en')],
    ['duplicated', result.duplicated.toLocaleString('en')],
    ['out of order', result.outOfOrder.toLocaleString('en')],
    ['seconds', result.seconds.toFixed(2)],
    ['records/s', result.recordsPerSecond.toLocaleString('en')],
  ];
  const width = Math.max(...lines.map(([, value]) => value.length));
  return [
    '',
    `Kinesis stream ${STREAM} (${SHARDS} shards)  →  ${topic.name} (${topic.kind})`,
    ...sample,
    '  …',
    '',
    ...lines.map(([label, value]) => `  ${label.padEnd(14)}${value.padStart(width)}`),
    '',
    'Next, into a broker of your own:',
    '  npm run quickstart -- --service-url pulsar://localhost:6650',
    '',
  ].join('\n');
}

async function keep(emulator: Emulator, raw: object, io: CliIo, logger: Logger): Promise<void> {
  io.stderr(
    `\nKinesis and DynamoDB stay at ${emulator.kinesisEndpoint} until Ctrl-C. The configuration was:\n`,
  );
  io.stderr(`${JSON.stringify(raw, null, 2)}\n`);
  const { stop, done } = stopOnSignals(0, logger);
  await new Promise<void>((resolve) => stop.addEventListener('abort', () => resolve(), { once: true }));
  done();
}
