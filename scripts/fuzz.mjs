// `npm run fuzz -- aggregate|pulsar [--runs N] [--first-seed S] [--json]`: bytes that nobody should send, in long rows.

import { become } from './child.mjs';
import { ensureInstalled } from './ensure.mjs';

ensureInstalled();
become([
  '--enable-source-maps',
  '-r',
  './scripts/typescript.cjs',
  'test/fuzz/fuzz.ts',
  ...process.argv.slice(2),
]);
