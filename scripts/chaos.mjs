// `npm run chaos [-- SCENARIO…] [--rounds N] [--seed S] [--json]`: real processes of the connector over the embedded
// emulator, killed, stopped, paused and added; 1 when a promise was broken.
import { ensureBuilt } from './build.mjs';
import { become } from './child.mjs';

ensureBuilt();
become([
  '--enable-source-maps',
  '-r',
  './scripts/typescript.cjs',
  'test/chaos/main.ts',
  ...process.argv.slice(2),
]);
