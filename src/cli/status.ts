import type { Command } from 'commander';
import { ConnectorError, messageOf } from '../errors';
import type { InstanceHealth } from '../runtime/health';
import { systemClock } from '../util/clock';
import type { CliIo } from './cli-io';
import { EXIT, reportFailure } from './failure';
import { textTable } from './text-table';

const DEFAULT_PORT = '8080';
/** Milliseconds until a process that does not answer counts as not running. */
const TIMEOUT_MS = 5000;

const EXAMPLES = `
Examples:
  $ pulsar-io-kinesis status
  $ pulsar-io-kinesis status --url http://connector:8080 --json

It asks the process that runs with http.port set (PULSAR_IO_KINESIS_HTTP_PORT). Ends with 0 when every instance is
running and none of their parts stands still, otherwise with 3, and when nothing answers.`;

interface Readiness {
  readonly ready: boolean;
  readonly instances: readonly InstanceHealth[];
}

export function registerStatusCommand(program: Command, io: CliIo): void {
  const port = io.env.PULSAR_IO_KINESIS_HTTP_PORT ?? DEFAULT_PORT;
  program
    .command('status')
    .description('ask a running connector how its instances are')
    .option('--url <url>', 'where it listens', `http://127.0.0.1:${port}`)
    .option(
      '--json',
      'print {"ready","instances":[{"kind","name","instanceId","state","numRestarts","error","nextStart","stalled"}]}',
    )
    .addHelpText('after', EXAMPLES)
    .action(async ({ url, json = false }: { url: string; json?: boolean }) => {
      try {
        const readiness = await askReadiness(url);
        io.stdout(json ? `${JSON.stringify(readiness)}\n` : table(readiness));
        io.setExitCode(readiness.ready ? EXIT.done : EXIT.fatal);
      } catch (error) {
        reportFailure(error, io);
      }
    });
}

/** @throws ConnectorError HTTP_UNREACHABLE */
async function askReadiness(url: string): Promise<Readiness> {
  const unreachable = (found: string, cause?: unknown): ConnectorError =>
    new ConnectorError('HTTP_UNREACHABLE', `no connector answers at ${url}`, {
      expected: 'the answer of /ready',
      found,
      cause,
    });
  const limit = new AbortController();
  const timer = systemClock.setTimer(() => limit.abort(new Error('no answer in time')), TIMEOUT_MS);
  let answer: unknown;
  try {
    const response = await fetch(new URL('/ready', url), { signal: limit.signal });
    answer = await response.json();
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw unreachable(messageOf(cause), error);
  } finally {
    systemClock.clearTimer(timer);
  }
  if (!isReadiness(answer)) {
    throw unreachable('something else that speaks HTTP');
  }
  return answer;
}

function isReadiness(answer: unknown): answer is Readiness {
  return typeof answer === 'object' && answer !== null && 'ready' in answer && 'instances' in answer;
}

/** Why it is not running, when it will be, and which of its parts stand still. */
function remarksOn({ error, nextStart, stalled }: InstanceHealth): string[] {
  const next = nextStart === undefined ? '' : ` Next start: ${nextStart}`;
  return [
    ...(error === undefined ? [] : [error + next]),
    ...stalled.map(({ part, code, reason }) => `stalled: ${part}, ${code}: ${reason}`),
  ];
}

function table({ instances }: Readiness): string {
  const rows = instances.flatMap((instance) => {
    const { kind, name, instanceId, state, numRestarts } = instance;
    const [first = '', ...more] = remarksOn(instance);
    return [
      [kind, name, String(instanceId), state, String(numRestarts), first],
      ...more.map((remark) => ['', '', '', '', '', remark]),
    ];
  });
  return textTable([['kind', 'name', 'instance', 'state', 'restarts', ''], ...rows]);
}
