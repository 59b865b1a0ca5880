import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Argument, type Command } from 'commander';
import {
  type ConfigProblem,
  editorSchema,
  effectiveConfig,
  effectiveYaml,
  inspectConfig,
  type ResolvedConfig,
  type SchemaName,
  schemaDocument,
} from '../config';
import { readSecrets } from '../runtime/load-config';
import type { CliIo } from './cli-io';

const EXIT_CONFIG = 2;

const SCHEMA_EXAMPLES = `
Examples:
  $ pulsar-io-kinesis config schema source
  $ pulsar-io-kinesis config schema connectors --editor > connectors.schema.json

In YAML the first line tells the editor:  # yaml-language-server: $schema=connectors.schema.json
In JSON the first key:                    "$schema": "./connectors.schema.json"`;

/** Adds `config validate`, `config show` and `config schema`. */
export function registerConfigCommands(program: Command, io: CliIo): void {
  const config = program.command('config').description('check and show configuration files');
  config
    .command('validate')
    .description('check files, or every YAML and JSON file of directories, and print all problems')
    .argument('<file...>', 'files and directories')
    .option('--secrets', 'also look up the secrets of AWS Secrets Manager that the files refer to')
    .option('--json', 'print [{"file","ok","problems":[{"code","path","found","expected","hint"}]}]')
    .action((paths: string[], flags: ValidateFlags) => validateFiles(paths, flags, io));
  config
    .command('show')
    .description('print the configuration as it takes effect, defaults filled in, sensitive values as stars')
    .argument('<file>', 'configuration, YAML or JSON')
    .option('--json', 'print {"file","config","origins","notices"}')
    .action(async (file: string, { json = false }: { json?: boolean }) => showFile(file, json, io));
  config
    .command('schema')
    .description('print the JSON Schema of a connector, or of the whole file')
    .addArgument(new Argument('<name>', 'of what').choices(['source', 'sink', 'connectors']))
    .option('--editor', 'the schema of a whole file as editors take it: for a $schema line')
    .addHelpText('after', SCHEMA_EXAMPLES)
    .action((name: SchemaName, { editor = false }: { editor?: boolean }) =>
      io.stdout(`${JSON.stringify(editor ? editorSchema(name) : schemaDocument(name), null, 2)}\n`),
    );
}

interface ValidateFlags {
  readonly secrets?: boolean;
  readonly json?: boolean;
}

async function validateFiles(
  paths: readonly string[],
  { secrets = false, json = false }: ValidateFlags,
  io: CliIo,
): Promise<void> {
  const files = (await Promise.all(paths.map(filesOf))).flat();
  const results: ResolvedConfig[] = [];
  for (const file of files) {
    results.push(await inspectConfig(file, { env: io.env, ...(secrets && { readSecrets }) }));
  }
  if (json) {
    const shape = results.map(({ file, problems }) => ({ file, ok: problems.length === 0, problems }));
    io.stdout(`${JSON.stringify(shape, null, 2)}\n`);
  } else {
    for (const result of results) {
      io.stdout(verdict(result));
    }
  }
  if (files.length === 0) {
    io.stderr(`no YAML or JSON file in ${paths.join(', ')}\n`);
  }
  if (files.length === 0 || results.some(({ problems }) => problems.length > 0)) {
    io.setExitCode(EXIT_CONFIG);
  }
}

/** A file as it is; of a directory, and what is below it, every YAML and JSON file by name. */
async function filesOf(path: string): Promise<string[]> {
  const isDirectory = await stat(path).then(
    (it) => it.isDirectory(),
    () => false,
  );
  if (!isDirectory) {
    return [path];
  }
  const names = await readdir(path, { recursive: true });
  return names
    .filter((name) => /\.(ya?ml|json)$/i.test(name))
    .sort()
    .map((name) => join(path, name));
}

/** What a person reads of one file. */
function verdict({ file, problems, notices }: ResolvedConfig): string {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  const lines = [`${file}: ${problems.length === 0 ? 'ok' : count}`];
  for (const problem of problems) {
    lines.push(...problemLines(problem));
  }
  for (const { path, message } of notices) {
    lines.push(`  notice  ${path}: ${message}`);
  }
  return `${lines.join('\n')}\n`;
}

function problemLines({ code, path, found, expected, hint }: ConfigProblem): string[] {
  return [
    `  ${path === '' ? '(file)' : path}  ${code}`,
    `    found     ${found}`,
    `    expected  ${expected}`,
    `    hint      ${hint}`,
  ];
}

async function showFile(file: string, json: boolean, io: CliIo): Promise<void> {
  const resolved = await inspectConfig(file, { env: io.env });
  if (resolved.problems.length > 0) {
    io.stderr(verdict(resolved));
    io.setExitCode(EXIT_CONFIG);
    return;
  }
  const effective = effectiveConfig(resolved);
  const { notices } = resolved;
  io.stdout(
    json ? `${JSON.stringify({ file, ...effective, notices }, null, 2)}\n` : effectiveYaml(effective),
  );
}
