import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import {
  type ConfigProblem,
  effectiveConfig,
  effectiveYaml,
  inspectConfig,
  type ResolvedConfig,
  type SchemaName,
  schemaDocument,
} from '../config';
import type { CliIo } from './cli-io';

const EXIT_CONFIG = 2;

/** Adds `config validate`, `config show` and `config schema`. */
export function registerConfigCommands(program: Command, io: CliIo): void {
  const config = program.command('config').description('check and show configuration files');
  config
    .command('validate')
    .description('check files, or every YAML and JSON file of directories, and print all problems')
    .argument('<file...>', 'files and directories')
    .option('--json', 'print [{"file","ok","problems":[{"code","path","found","expected","hint"}]}]')
    .action(async (paths: string[], { json = false }: { json?: boolean }) => validateFiles(paths, json, io));
  config
    .command('show')
    .description('print the configuration as it takes effect, defaults filled in, sensitive values as stars')
    .argument('<file>')
    .option('--json', 'print {"file","config","origins","notices"}')
    .action(async (file: string, { json = false }: { json?: boolean }) => showFile(file, json, io));
  config
    .command('schema')
    .description('print the JSON Schema of a connector, or of the whole file')
    .argument('<name>', 'source, sink or connectors')
    .action((name: string) => showSchema(name, io));
}

async function validateFiles(paths: readonly string[], json: boolean, io: CliIo): Promise<void> {
  const files = (await Promise.all(paths.map(filesOf))).flat();
  const results: ResolvedConfig[] = [];
  for (const file of files) {
    results.push(await inspectConfig(file, { env: io.env }));
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

function showSchema(name: string, io: CliIo): void {
  if (name !== 'source' && name !== 'sink' && name !== 'connectors') {
    io.stderr(`there is no schema ${name}: source, sink or connectors\n`);
    io.setExitCode(EXIT_CONFIG);
    return;
  }
  const schema: SchemaName = name;
  io.stdout(`${JSON.stringify(schemaDocument(schema), null, 2)}\n`);
}
