import { Command, CommanderError } from 'commander';
import { version } from '../util/version';
import type { CliIo } from './cli-io';
import { registerCompletionCommand } from './completion';
import { registerConfigCommands } from './config';
import { registerConnectorsCommands } from './connectors';
import { registerDoctorCommand } from './doctor';
import { registerEfoCommands } from './efo';
import { registerEmulatorCommand } from './emulator';
import { EXIT, reportFailure } from './failure';
import { registerIamCommands } from './iam';
import { registerOffsetsCommands } from './offsets';
import { registerQuickstartCommand } from './quickstart';
import { registerRunCommand } from './run';
import { registerSinksCommands } from './sinks';
import { registerSourcesCommands } from './sources';
import { registerStatusCommand } from './status';
import { registerStreamsCommands } from './streams';

/** Runs one command line, for example `['config', 'schema', 'source']`. Never rejects. */
export async function runProgram(args: readonly string[], io: CliIo): Promise<void> {
  try {
    await createProgram(io).parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      io.setExitCode(error.exitCode === 0 ? EXIT.done : EXIT.config);
    } else {
      reportFailure(error, io);
    }
  }
}

/** Every command, one file each. */
export function createProgram(io: CliIo): Command {
  const program = new Command('pulsar-io-kinesis')
    .description('Kinesis source and sink connectors for Apache Pulsar')
    .version(version())
    .exitOverride()
    .showHelpAfterError('(--help shows all options and examples)')
    .configureOutput({ writeOut: (text) => io.stdout(text), writeErr: (text) => io.stderr(text) });
  registerRunCommand(program, io);
  registerQuickstartCommand(program, io);
  registerEmulatorCommand(program, io);
  registerSourcesCommands(program, io);
  registerSinksCommands(program, io);
  registerStreamsCommands(program, io);
  registerEfoCommands(program, io);
  registerOffsetsCommands(program, io);
  registerStatusCommand(program, io);
  registerIamCommands(program, io);
  registerConfigCommands(program, io);
  registerDoctorCommand(program, io);
  registerConnectorsCommands(program, io);
  registerCompletionCommand(program, io);
  return program;
}
