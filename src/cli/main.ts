#!/usr/bin/env node
import { Command } from 'commander';
import { processEnvironment } from '../config';
import type { CliIo } from './cli-io';
import { registerConfigCommands } from './config';
import { registerEmulatorCommand } from './emulator';
import { EXIT, reportFailure } from './failure';
import { registerQuickstartCommand } from './quickstart';
import { registerRunCommand } from './run';
import { registerSourcesCommands } from './sources';
import { version } from './version';

// Standard error is for our log; that the AWS SDK will want a newer Node one day is no news to who runs this.
process.removeAllListeners('warning');
process.on('warning', (warning) => {
  if (warning.name !== 'NodeVersionSupportWarning') {
    process.stderr.write(`${warning.name}: ${warning.message}\n`);
  }
});

const io: CliIo = {
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  isTty: process.stderr.isTTY === true,
  env: processEnvironment(),
  setExitCode: (code) => {
    process.exitCode = code;
  },
};

const program = new Command('pulsar-io-kinesis')
  .description('Kinesis source and sink connectors for Apache Pulsar')
  .version(version())
  .showHelpAfterError('(--help shows all options and examples)')
  .exitOverride((error) => {
    process.exit(error.exitCode === 0 ? EXIT.done : EXIT.config);
  });

registerRunCommand(program, io);
registerQuickstartCommand(program, io);
registerEmulatorCommand(program, io);
registerSourcesCommands(program, io);
registerConfigCommands(program, io);

program.parseAsync().catch((error: unknown) => reportFailure(error, io));
