// `npm run test:e2e`: the connector as a process of its own against a real Pulsar broker. Missing tools fail, they do not skip.
import { spawnSync } from 'node:child_process';
import { ensureBuilt } from './build.mjs';
import { become } from './child.mjs';

const REQUIRED = [
  {
    command: 'java',
    args: ['-version'],
    wanted: 'Java 17 or newer',
    accepts: (text) => Number(/version "(\d+)/.exec(text)?.[1]) >= 17,
  },
  { command: 'mvn', args: ['-v'], wanted: 'Maven 3', accepts: (text) => /Apache Maven [3-9]/.test(text) },
];

const missing = REQUIRED.filter(({ command, args, accepts }) => {
  const { stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  return error !== undefined || !accepts(`${stdout}${stderr}`);
});
if (missing.length > 0) {
  const names = missing.map(({ wanted, command }) => `${wanted} (command ${command})`).join(' and ');
  process.stderr.write(`The e2e tests start a real Pulsar broker and need ${names} on the PATH.\n`);
  process.exit(1);
}
ensureBuilt();
become(['node_modules/jest/bin/jest.js', '--selectProjects', 'e2e', '--runInBand', ...process.argv.slice(2)]);
