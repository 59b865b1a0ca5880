import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ConnectorError } from '../errors';
import { describe, type ProblemList } from './problems';

/** Reports a file that cannot be read; none when `file` is undefined. */
export function fileProblem(
  file: string | undefined,
  path: string,
  folder: string,
  problems: ProblemList,
): void {
  if (file === undefined) {
    return;
  }
  try {
    readFileSync(resolve(folder, file));
  } catch (error) {
    problems.add('CONFIG_REFERENCE', path, {
      found: `${describe(file)} (${(error as NodeJS.ErrnoException).code ?? 'unreadable'})`,
      expected: 'a readable file',
      hint: 'Check name and permissions; relative paths start from the folder of the configuration.',
    });
  }
}

/** What is in `file`. @throws ConnectorError CONFIG_UNREADABLE */
export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new ConnectorError('CONFIG_UNREADABLE', `the file ${file} cannot be read`, { cause });
  }
}
