import type { Command } from 'commander';
import { type LoadedConfig, loadConfig } from '../config';
import { createPinoLogger } from '../runtime/pino-logger';
import { type RunOptions, runConnectors } from '../runtime/run';
import type { CliIo } from './cli-io';
import { EXIT, reportFailure } from './failure';
import { stopOnSignals } from './stop-signals';

const EXAMPLES = `
Examples:
  $ pulsar-io-kinesis run -c connectors.yaml
  $ pulsar-io-kinesis run -c connectors.yaml --service-url stdout: | jq -r .value
  $ pulsar-io-kinesis run -c connectors.yaml --until-caught-up

Ends with 0 when stopped and drained, 2 when the configuration is wrong (nothing was started),
3 on an error that cannot heal, 4 when stopped before everything in flight was answered.
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
    .action(async (flags: RunFlags) => {
      try {
        const overrides = flags.serviceUrl === undefined ? {} : { 'pulsar.serviceUrl': flags.serviceUrl };
        const config = await loadConfig(flags.config, { env: io.env, overrides });
        await runConfig(config, { untilCaughtUp: flags.untilCaughtUp ?? false }, io);
      } catch (error) {
        reportFailure(error, io);
      }
    });
}

/** Runs what a valid configuration names, until a signal, an error, or the end that was asked for. */
export async function runConfig(
  config: LoadedConfig,
  how: Pick<RunOptions, 'untilCaughtUp' | 'unsubscribe'>,
  io: CliIo,
): Promise<void> {
  const logger = createPinoLogger(config.logLevel);
  const { stop, done } = stopOnSignals(config.shutdownTimeoutMs, logger);
  try {
    const outcome = await runConnectors({ ...how, config, signal: stop, logger });
    io.setExitCode(outcome === 'drained' ? EXIT.done : EXIT.undrained);
  } finally {
    done();
  }
}
