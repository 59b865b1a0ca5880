import { type Command, InvalidArgumentError } from 'commander';
import { examine } from '../doctor/doctor';
import { systemNetwork } from '../doctor/network';
import { systemClock } from '../util/clock';
import { silentLogger } from '../util/logger';
import { systemRandom } from '../util/random';
import type { CliIo } from './cli-io';
import { reportText, type TextStyle } from './doctor-output';
import { EXIT, reportFailure } from './failure';
import { loadCliConfig } from './load-config';
import { catchStopSignals } from './stop-signals';

/** Milliseconds that the command may take to end once it was stopped. */
const STOP_MS = 2000;
const TIMEOUT_MS = 15_000;
const LONGEST_MS = 3_600_000;
/** Of a line that goes to no terminal. */
const WIDTH = 100;

const EXAMPLES = `
Examples:
  $ pulsar-io-kinesis doctor -c connectors.yaml
  $ pulsar-io-kinesis doctor -c connectors.yaml --connector orders --json
  $ pulsar-io-kinesis doctor -c connectors.yaml --strict --timeout 5000 || echo not ready

It changes nothing, in AWS or in Pulsar. Reads are really made; permissions to write are tried by writes that the
service has to refuse for another reason (a condition that cannot hold, a hash key that no shard has). A producer is
opened on topics that are there, without a schema, and closed again: --no-connect-producer leaves that out. No topic,
subscription, table, stream or consumer is created, and no message or record is taken from anybody.

Ends with 0 when nothing failed (with --strict: and nothing was warned of), with 2 when the configuration is wrong,
otherwise with 3. docs/doctor.md tells what each line means and what to do.`;

interface DoctorFlags {
  readonly config: string;
  readonly connector?: string;
  readonly json?: boolean;
  readonly strict?: boolean;
  readonly timeout: number;
  readonly connectProducer: boolean;
}

export function registerDoctorCommand(program: Command, io: CliIo): void {
  program
    .command('doctor')
    .description('look whether the connectors of a file would work, and say what to mend')
    .requiredOption('-c, --config <file>', 'configuration file, YAML or JSON')
    .option('--connector <name>', 'the only source or sink to look at')
    .option('--timeout <ms>', 'milliseconds that one check may take', milliseconds, TIMEOUT_MS)
    .option('--strict', 'a warning is as bad as a failure')
    .option('--no-connect-producer', 'open no producer')
    .option(
      '--json',
      'print {"file","ok","counts","groups":[{"name","results":[{"id","verdict","title","found","code","expected","hint","took"}]}]}',
    )
    .addHelpText('after', EXAMPLES)
    .action((flags: DoctorFlags) => runDoctor(flags, io));
}

function milliseconds(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > LONGEST_MS) {
    throw new InvalidArgumentError(`It must be whole milliseconds, from 1 to ${LONGEST_MS}.`);
  }
  return value;
}

async function runDoctor(flags: DoctorFlags, io: CliIo): Promise<void> {
  const { config: file, connector, json = false, strict = false, timeout, connectProducer } = flags;
  const { stop: signal, limit, done } = catchStopSignals();
  limit(STOP_MS, silentLogger);
  const progress = statusLine(io, json);
  let made = 0;
  try {
    const report = await examine({
      file,
      load: (given) => loadCliConfig(file, io, given),
      ...(connector === undefined ? {} : { connector }),
      opensProducers: connectProducer,
      timeout,
      strict,
      parts: {
        clock: systemClock,
        random: systemRandom,
        logger: silentLogger,
        network: systemNetwork,
        stdout: process.stderr,
      },
      signal,
      onResult: (_, known) => progress(`${++made} of ${known} checks`),
    });
    progress('');
    io.stdout(json ? `${JSON.stringify(report, null, 2)}\n` : reportText(report, styleOf(io)));
    io.setExitCode(report.ok ? EXIT.done : report.configFailed ? EXIT.config : EXIT.fatal);
  } catch (error) {
    progress('');
    reportFailure(error, io);
  } finally {
    done();
  }
}

/** Shows a line in the place of the one before, where somebody sits; an empty one takes it away. */
function statusLine(io: CliIo, quiet: boolean): (text: string) => void {
  return (text) => {
    if (io.isTty && !quiet) {
      io.stderr(`\r\u001b[K${text}`);
    }
  };
}

function styleOf(io: CliIo): TextStyle {
  const { isTTY = false, columns = WIDTH } = process.stdout;
  return {
    width: Math.max(60, Math.min(columns, 120)),
    colours: io.isTty && isTTY && io.env.NO_COLOR === undefined,
  };
}
