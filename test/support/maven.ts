import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** @throws Error with Maven's own words about `what` when it fails */
export async function maven(what: string, cwd: string, ...args: string[]): Promise<void> {
  try {
    await run('mvn', ['-B', ...args], { cwd, maxBuffer: 64 << 20 });
  } catch (cause) {
    const output = (cause as { stdout?: string }).stdout ?? '';
    throw new Error(`${what} could not be had from Maven Central:\n${output}`, { cause });
  }
}
