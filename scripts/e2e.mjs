// `npm run test:e2e`: the connector as a process of its own against a real Pulsar broker, and our client of Pulsar against
// one. Missing tools fail, they do not skip.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ensureBuilt } from './build.mjs';
import { root } from './ensure.mjs';
import { JAVA, MAVEN, requireTools } from './tools.mjs';

requireTools('The e2e tests start a real Pulsar broker', [JAVA, MAVEN]);
ensureBuilt();

/** What mostly waits goes two files at a time; what measures memory and takes all of the machine, alone. */
const WAITING = 'e2e/(pulsar-|transports|deduplication|iam-|page|export)';

const PHASES = [
  {
    name: 'pulsar',
    args: ['--maxWorkers=2', '--testSequencer=./scripts/longest-first.cjs', '--testPathPatterns', WAITING],
  },
  {
    name: 'connector',
    args: ['--runInBand', '--testPathIgnorePatterns', WAITING],
  },
];

/** Arguments of Jest; `{phase}` stands for the name of the phase. Paths choose tests of both. */
const given = process.argv.slice(2);
const phases = given.some((arg) => !arg.startsWith('-'))
  ? [{ name: 'chosen', args: ['--runInBand'] }]
  : PHASES;

for (const { name, args } of phases) {
  const mine = given.map((arg) => arg.replaceAll('{phase}', name));
  const jest = ['node_modules/jest/bin/jest.js', '--selectProjects', 'e2e', ...args, ...mine];
  const child = spawn(process.execPath, jest, { cwd: root, stdio: 'inherit' });
  // A terminal sends Ctrl-C to the child as well: this process only waits for it to stop in order.
  const ignore = () => undefined;
  const pass = () => child.kill('SIGTERM');
  process.on('SIGINT', ignore);
  process.on('SIGTERM', pass);
  const [code, signal] = await once(child, 'exit');
  process.off('SIGINT', ignore);
  process.off('SIGTERM', pass);
  if (signal !== null) {
    process.kill(process.pid, signal);
    break;
  }
  process.exitCode ||= code;
}
