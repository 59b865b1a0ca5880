import { Argument, type Command } from 'commander';
import type { CliIo } from './cli-io';
import { commandTree } from './command-tree';
import { completionScript, SHELLS, type Shell } from './completion-scripts';

const EXAMPLES = `
Examples:
  $ source <(pulsar-io-kinesis completion bash)
  $ pulsar-io-kinesis completion zsh > ~/.zfunc/_pulsar-io-kinesis
  $ pulsar-io-kinesis completion fish > ~/.config/fish/completions/pulsar-io-kinesis.fish`;

/** Adds `completion`. */
export function registerCompletionCommand(program: Command, io: CliIo): void {
  program
    .command('completion')
    .description('print a script that completes commands and options in your shell')
    .addArgument(new Argument('<shell>', 'which one').choices(SHELLS))
    .addHelpText('after', EXAMPLES)
    .action((shell: Shell) => io.stdout(completionScript(shell, commandTree(program))));
}
