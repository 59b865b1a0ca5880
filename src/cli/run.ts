import type { Command } from 'commander';
import type { LoadedConfig } from '../config';
import { messageOf } from '../errors';
import { createPinoLogger } from '../runtime/pino-logger';
import { type RunOptions, runConnectors } from '../runtime/run';
import type { CliIo } from './cli-io';
import { EXIT, reportFailure } from './failure';
import { loadCliConfig } from './load-config';
import { catchStopSignals } from './stop-signals';

const EXAMPLES = `
Examples:
  $ pulsar-io-kinesis run -c connectors.yaml
  $ pulsar-io-kinesis run -c connectors.yaml --service-url stdout: | jq -r .value
  $ pulsar-io-kinesis run -c connectors.yaml --until-caught-up

Ends with 0 when stopped and drained, 2 when the configuration is wrong,
3 on an error that cannot heal, 4 when stopped before everything in flight was answered.
Each connector has "parallelism" instances; one that fails is started again with backoff while the others go on.
SIGTERM and SIGINT stop with draining; a second one ends at once.`;

interface RunFlags {
  readonly config: string;
  readonly serviceUrl?: string;
  readonly untilCaughtUp?: boolean;
}

export function registerRunCommand(program: Command, io: CliIo): void {
  program
    .command('run')
    .description('run every connector of a configuration file until stopped')
    .requiredOption('-c, --config <file>', 'configuration, YAML or JSON')
    .option('--service-url <url>', 'Pulsar to use instead of pulsar.serviceUrl')
    .option('--until-caught-up', 'end once everything that is in the streams and topics now is delivered')
    .addHelpText('after', EXAMPLES)
    .action((flags: RunFlags) => {
      const overrides = flags.serviceUrl === undefined ? {} : { 'pulsar.serviceUrl': flags.serviceUrl };
      const load = (signal: AbortSignal) => loadCliConfig(flags.config, io, signal, { overrides });
      return runConfig(load, { untilCaughtUp: flags.untilCaughtUp ?? false }, io);
    });
}

/**
 * Runs what a configuration names, until a signal, an error, or the end that was asked for. A signal that comes while
 * it is loaded counts as well. Never rejects.
 */
export async function runConfig(
  load: (signal: AbortSignal) => Promise<LoadedConfig>,
  how: Pick<RunOptions, 'untilCaughtUp' | 'unsubscribe'>,
  io: CliIo,
): Promise<void> {
  const { stop, limit, done } = catchStopSignals();
  try {
    const config = await load(stop);
    const logger = createPinoLogger(config.logLevel);
    limit(config.shutdownTimeoutMs, logger);
    const outcome = await runConnectors({ ...how, config, signal: stop, logger });
    io.setExitCode(outcome === 'drained' ? EXIT.done : EXIT.undrained);
  } catch (error) {
    if (stop.aborted && error === stop.reason) {
      // It waited for secrets; nothing was started.
      createPinoLogger('info').info({ reason: messageOf(error) }, 'stopping: nothing was started');
      io.setExitCode(EXIT.done);
    } else {
      reportFailure(error, io);
    }
  } finally {
    done();
  }
}
