// `npm run simulate [-- --seeds N] [--first-seed S] [--replay S] [--json]`: lives of fleets on virtual time.

import { become } from './child.mjs';
import { ensureInstalled } from './ensure.mjs';

ensureInstalled();
become([
  '--enable-source-maps',
  '-r',
  './scripts/typescript.cjs',
  'test/simulation/simulate.ts',
  ...process.argv.slice(2),
]);
