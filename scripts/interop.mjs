// `npm run test:interop`: the connector as a process of its own beside, before and after the real Kinesis Client
// Library on one lease table, and the emulator beside moto. Missing tools fail, they do not skip.
import { ensureBuilt } from './build.mjs';
import { become } from './child.mjs';
import { JAVA, JAVA_COMPILER, MAVEN, PYTHON, requireTools } from './tools.mjs';

requireTools('The interop tests run the Kinesis Client Library and moto', [
  JAVA,
  JAVA_COMPILER,
  MAVEN,
  PYTHON,
]);
ensureBuilt();
// Both sides mostly wait for each other's leases to expire: two files at a time take half as long.
become([
  'node_modules/jest/bin/jest.js',
  '--selectProjects',
  'interop',
  '--maxWorkers=2',
  ...process.argv.slice(2),
]);
