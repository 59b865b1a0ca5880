// `npm run exactly-once [-- --records N] [--only VARIANT] [--seed S]`: the connector into a real broker's deduplicated
// topic, both killed at random moments; 1 when a record is not there exactly once and in order.
import { ensureBuilt } from './build.mjs';
import { become } from './child.mjs';
import { JAVA, MAVEN, requireTools } from './tools.mjs';

requireTools('It starts a real Pulsar broker', [JAVA, MAVEN]);
ensureBuilt();
become([
  '--enable-source-maps',
  '-r',
  './scripts/typescript.cjs',
  'test/chaos/once-main.ts',
  ...process.argv.slice(2),
]);
