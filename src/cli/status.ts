import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { ConnectorError, messageOf } from '../errors';
import { sleep, systemClock } from '../util/clock';
import type { CliIo } from './cli-io';
import { EXIT, reportFailure } from './failure';
import { requestStatus } from './status-request';
import { instanceTable, shardTable } from './status-table';
import { catchStopSignals } from './stop-signals';

const DEFAULT_PORT = '8080';

const EXAMPLES = `
Examples:
  $ pulsar-io-kinesis status
  $ pulsar-io-kinesis status --shards --watch 5
  $ pulsar-io-kinesis status --url http://connector:8080 --token-file /run/secrets/http-token --json

It asks the process that runs with http.port set (PULSAR_IO_KINESIS_HTTP_PORT). Ends with 0 when every instance is
running and none of their parts stands still, otherwise with 3, and when nothing answers.`;

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
  const { url, watch, json = false, shards = false } = flags;
  const signals = watch === undefined ? undefined : catchStopSignals();
  try {
    const token = tokenOf(flags, io);
    for (;;) {
      const status = await requestStatus(url, token);
      const people = shards ? `${instanceTable(status)}\n${shardTable(status)}` : instanceTable(status);
      io.stdout(json ? `${JSON.stringify(status)}\n` : people);
      io.setExitCode(status.ready ? EXIT.done : EXIT.fatal);
      if (watch === undefined || signals === undefined || signals.stop.aborted) {
        return;
      }
      await sleep(systemClock, watch * 1000, signals.stop).catch(() => undefined);
      if (signals.stop.aborted) {
        return;
      }
      io.stdout(json ? '' : '\n');
    }
  } catch (error) {
    reportFailure(error, io);
  } finally {
    signals?.done();
  }
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
