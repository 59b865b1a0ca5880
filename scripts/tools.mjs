// Programs that some tiers of tests need beside Node.
import { spawnSync } from 'node:child_process';

const atLeast17 = (pattern) => (text) => Number(pattern.exec(text)?.[1]) >= 17;

export const JAVA = {
  command: 'java',
  args: ['-version'],
  wanted: 'Java 17 or newer',
  accepts: atLeast17(/version "(\d+)/),
};

export const JAVA_COMPILER = {
  command: 'javac',
  args: ['-version'],
  wanted: 'a Java compiler, 17 or newer',
  accepts: atLeast17(/javac (\d+)/),
};

export const MAVEN = {
  command: 'mvn',
  args: ['-v'],
  wanted: 'Maven 3',
  accepts: (text) => /Apache Maven [3-9]/.test(text),
};

export const PYTHON = {
  command: 'python3',
  args: ['-m', 'pip', '--version'],
  wanted: 'Python 3 with pip',
  accepts: (text) => /\(python 3\./.test(text),
};

/** Ends this process with 1 when one of `tools` is missing or too old. @param purpose begins the message */
export function requireTools(purpose, tools) {
  const missing = tools.filter(({ command, args, accepts }) => {
    const { stdout, stderr, error } = spawnSync(command, args, {
      encoding: 'utf8',
      shell: process.platform === 'win32',
    });
    return error !== undefined || !accepts(`${stdout}${stderr}`);
  });
  if (missing.length > 0) {
    const names = missing.map(({ wanted, command }) => `${wanted} (command ${command})`).join(' and ');
    process.stderr.write(`${purpose} and need ${names} on the PATH.\n`);
    process.exit(1);
  }
}
