import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { type Command, InvalidArgumentError } from 'commander';
import { createKinesisClient } from '../aws/clients';
import { type LoadedConfig, loadConfigObject, parseKinesisSourceConfig } from '../config';
import { type Emulator, startEmulator } from '../emulator';
import { createPinoLogger } from '../runtime/pino-logger';
import { runSink, runSource } from '../runtime/run';
import { systemClock } from '../util/clock';
import type { Logger } from '../util/logger';
import { systemRandom } from '../util/random';
import type { CliIo } from './cli-io';
import { EXIT, reportFailure } from './failure';
import { startProgress } from './progress';
import { EXPORT_SHARDS, EXPORT_STREAM, quickstartConfig, SHARDS, STREAM } from './quickstart-config';
import { quickstartReport } from './quickstart-report';
import { type QuickstartRow, quickstartRows } from './quickstart-rows';
import { runDirection } from './quickstart-run';
import { QuickstartStream } from './quickstart-stream';
import { brokerTopic, memoryTopic } from './quickstart-topic';
import { stopOnSignals } from './stop-signals';

const PUT_BATCH = 500;

const EXAMPLES = `
It starts Kinesis and DynamoDB in this process, puts records into a stream, runs the source into a topic and reads
that back; then it runs the sink from the topic into a second stream, reads that back too, and counts both.

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

function recordCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 1_000_000) {
    throw new InvalidArgumentError('expected a number of records, 1 to 1000000.');
  }
  return count;
}

function brokerUrl(text: string): string {
  if (!text.startsWith('pulsar://')) {
    throw new InvalidArgumentError('expected pulsar://HOST:PORT.');
  }
  return text;
}

export function registerQuickstartCommand(program: Command, io: CliIo): void {
  program
    .command('quickstart')
    .description('see records go from Kinesis to Pulsar and back, complete and in order')
    .option('--records <n>', 'records to put', recordCount, 20_000)
    .option('--service-url <url>', 'deliver to this Pulsar instead of a topic in memory', brokerUrl)
    .option('--keep', 'keep Kinesis and DynamoDB running at the end, until Ctrl-C')
    .option('--json', 'print the result as one JSON object')
    .addHelpText('after', EXAMPLES)
    .action(async (flags: QuickstartFlags) => {
      const emulator = await startEmulator();
      try {
        await quickstart(emulator, flags, io);
      } catch (error) {
        reportFailure(error, io);
      } finally {
        await emulator.close();
      }
    });
}

async function quickstart(emulator: Emulator, flags: QuickstartFlags, io: CliIo): Promise<void> {
  const logger = createPinoLogger('warn');
  const quiet = flags.json === true;
  const name = `persistent://public/default/${STREAM}-${systemRandom.hex(3)}`;
  const serviceUrl = flags.serviceUrl ?? 'memory://quickstart';
  const raw = quickstartConfig(emulator, serviceUrl, name);
  // Its notices are about what the user of a quickstart has not chosen.
  const config = { ...loadConfigObject(raw, 'quickstart', { env: io.env }), notices: [] };
  const topic =
    flags.serviceUrl === undefined ? memoryTopic(name, logger) : await brokerTopic(name, serviceUrl, logger);
  try {
    const rows = quickstartRows(flags.records);
    await put(rows, emulator, config, io, quiet);
    const shared = { config, logger, transport: () => topic.openTransport(config), untilCaughtUp: true };
    const source = await runDirection(
      {
        doing: 'delivering',
        count: rows.length,
        run: (signal) => runSource({ ...shared, signal }),
        arrivals: () => topic.arrivals(),
        rest: () => topic.rest(),
      },
      config,
      logger,
      io,
      quiet,
    );
    emulator.kinesis.call('CreateStream', { StreamName: EXPORT_STREAM, ShardCount: EXPORT_SHARDS });
    const exported = new QuickstartStream(emulator, EXPORT_STREAM);
    const sink = await runDirection(
      {
        doing: 'exporting',
        count: source.delivered,
        run: (signal) => runSink({ ...shared, signal }),
        arrivals: async () => exported.arrivals(),
        rest: async () => exported.rest(),
      },
      config,
      logger,
      io,
      quiet,
    );
    const faults = [source, sink].reduce(
      (sum, { lost, duplicated, outOfOrder }) => sum + lost + duplicated + outOfOrder,
      0,
    );
    io.setExitCode(faults === 0 ? EXIT.done : EXIT.fatal);
    io.stdout(
      quiet ? `${JSON.stringify({ ...source, sink })}\n` : quickstartReport(source, sink, rows, topic),
    );
    if (flags.keep === true) {
      await keep(emulator, raw, io, logger);
    }
  } finally {
    await topic.close();
  }
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

async function keep(emulator: Emulator, raw: object, io: CliIo, logger: Logger): Promise<void> {
  io.stderr(
    `\nKinesis and DynamoDB stay at ${emulator.kinesisEndpoint} until Ctrl-C. The configuration was:\n`,
  );
  io.stderr(`${JSON.stringify(raw, null, 2)}\n`);
  const { stop, done } = stopOnSignals(0, logger);
  await new Promise<void>((resolve) => stop.addEventListener('abort', () => resolve(), { once: true }));
  done();
}
