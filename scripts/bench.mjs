// `npm run bench [-- NAME…] [--json]`: every benchmark, or those named, one after the other.

import { become } from './child.mjs';
import { ensureInstalled } from './ensure.mjs';

ensureInstalled();
become(['--enable-source-maps', '-r', './scripts/typescript.cjs', 'bench/main.ts', ...process.argv.slice(2)]);
