import type { Argument, Command, Option } from 'commander';

/** What may follow where a value belongs. */
export type ValueKind = 'file' | 'any' | readonly string[];

export interface OptionNode {
  /** For example `--json`. */
  readonly long: string;
  /** For example `-c`. */
  readonly short?: string;
  readonly help: string;
  /** Undefined for a switch. */
  readonly value?: ValueKind;
}

/** One command: what may be typed behind it. */
export interface CommandNode {
  /** Its words, without the program's; empty for the program. */
  readonly path: readonly string[];
  readonly help: string;
  readonly commands: readonly { readonly name: string; readonly help: string }[];
  readonly options: readonly OptionNode[];
  /** Of its first argument; undefined when it takes none. */
  readonly argument?: ValueKind;
}

/** Every command of a program, the program first. */
export function commandTree(program: Command): CommandNode[] {
  return below(program, []);
}

function below(command: Command, path: readonly string[]): CommandNode[] {
  const [argument] = command.registeredArguments;
  const commands = command.commands.filter((one) => one.name() !== 'help');
  const help = command.createHelp();
  const node: CommandNode = {
    path,
    help: command.description(),
    commands: commands.map((one) => ({ name: one.name(), help: one.description() })),
    options: help.visibleOptions(command).map(optionOf),
    ...(argument === undefined ? {} : { argument: valueKindOf(argument) }),
  };
  return [node, ...commands.flatMap((one) => below(one, [...path, one.name()]))];
}

function optionOf(option: Option): OptionNode {
  const { long, short, description } = option;
  return {
    long: long ?? short ?? '',
    ...(short === undefined || long === undefined ? {} : { short }),
    help: description,
    ...(option.required || option.optional ? { value: valueKindOf(option) } : {}),
  };
}

function valueKindOf(given: Option | Argument): ValueKind {
  if (given.argChoices !== undefined) {
    return given.argChoices;
  }
  const name = 'flags' in given ? given.flags : given.name();
  return /\b(file|dir|folder)/i.test(name) ? 'file' : 'any';
}
