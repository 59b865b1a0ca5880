// `npm run quickstart`: installs and builds what is missing, then shows records going from Kinesis to Pulsar.
import { ensureBuilt } from './build.mjs';
import { become } from './child.mjs';

ensureBuilt();
become(['dist/cli/main.js', 'quickstart', ...process.argv.slice(2)]);
