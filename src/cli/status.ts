import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { ConnectorError, isConnectorError, messageOf } from '../errors';
import { sleep, systemClock } from '../util/clock';
import type { CliIo } from './cli-io';
import { EXIT, reportFailure } from './failure';
import { requestStatus } from './status-request';
import { instanceTable, shardTable } from './status-table';
import { catchStopSignals } from './stop-signals';
import { safeJson } from './terminal-text';

const DEFAULT_PORT = '8080';

const EXAMPLES = `
Examples:
  $ pulsar-io-kinesis status
  $ pulsar-io-kinesis status --shards --watch 5
  $ pulsar-io-kinesis status --url http://connector:8080 --token-file /run/secrets/http-token --json

It asks the process that runs with http.port set (PULSAR_IO_KINESIS_HTTP_PORT). Ends with 0 when every instance is
running and none of their parts stands still, otherwise with 3, and when nothing answers. With --watch it goes on while
nothing answers, and ends with what it saw last.`;

interface StatusFlags {
  readonly url: string;
  readonly tokenFile?: string;
  readonly shards?: boolean;
  readonly json?: boolean;
  /** Seconds. */
  readonly watch?: number;
}

export function registerStatusCommand(program: Command, io: CliIo): void {
  const port = io.env.PULSAR_IO_KINESIS_HTTP_PORT ?? DEFAULT_PORT;
  program
    .command('status')
    .description('ask a running connector how its instances and shards are')
    .option('--url <url>', 'where it listens', `http://127.0.0.1:${port}`)
    .option(
      '--token-file <file>',
      'file with its http.token; PULSAR_IO_KINESIS_HTTP_TOKEN may hold it instead',
    )
    .option('--shards', 'also the shards, the one farthest behind first')
    .option('--watch <seconds>', 'ask again and again, until stopped', seconds)
    .option('--json', 'print what /status answers, on one line; docs/http.md says what is in it')
    .addHelpText('after', EXAMPLES)
    .action((flags: StatusFlags) => showStatus(flags, io));
}

/** Never rejects. */
async function showStatus(flags: StatusFlags, io: CliIo): Promise<void> {
  const { watch } = flags;
  if (watch === undefined) {
    await showOnce(flags, io).catch((error) => reportFailure(error, io));
    return;
  }
  const signals = catchStopSignals();
  const stop = io.closed === undefined ? signals.stop : AbortSignal.any([signals.stop, io.closed]);
  try {
    for (;;) {
      await showOnce(flags, io, stop).catch((error) => onceMore(error, io, stop));
      await sleep(systemClock, watch * 1000, stop);
      io.stdout(flags.json ? '' : '\n');
    }
  } catch (error) {
    if (!stop.aborted) {
      reportFailure(error, io);
    }
  } finally {
    signals.done();
  }
}

async function showOnce(flags: StatusFlags, io: CliIo, signal?: AbortSignal): Promise<void> {
  const { url, json = false, shards = false } = flags;
  const status = await requestStatus(url, tokenOf(flags, io), signal);
  const table = shards ? `\n${shardTable(status, io.columns === undefined)}` : '';
  const people = instanceTable(status) + table;
  io.stdout(json ? `${safeJson(JSON.stringify(status))}\n` : people);
  io.setExitCode(status.ready ? EXIT.done : EXIT.fatal);
}

/** Whoever watches waits for a process that is started again. @throws what another try does not mend */
function onceMore(error: unknown, io: CliIo, stop: AbortSignal): void {
  if (stop.aborted || !isConnectorError(error, 'HTTP_UNREACHABLE')) {
    throw error;
  }
  reportFailure(error, io);
}

/** @throws ConnectorError USAGE */
function tokenOf({ tokenFile }: StatusFlags, io: CliIo): string | undefined {
  if (tokenFile === undefined) {
    return io.env.PULSAR_IO_KINESIS_HTTP_TOKEN;
  }
  try {
    return readFileSync(tokenFile, 'utf8').trim();
  } catch (error) {
    throw new ConnectorError('USAGE', `the token cannot be read: ${messageOf(error)}`, {
      expected: 'a readable file',
      found: tokenFile,
      cause: error,
    });
  }
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value >= 0.1 && value <= 86_400)) {
    throw new InvalidArgumentError('Seconds, from 0.1.');
  }
  return value;
}
