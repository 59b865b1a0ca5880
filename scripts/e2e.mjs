// `npm run test:e2e`: the connector as a process of its own against a real Pulsar broker. Missing tools fail, they do not skip.
import { ensureBuilt } from './build.mjs';
import { become } from './child.mjs';
import { JAVA, MAVEN, requireTools } from './tools.mjs';

requireTools('The e2e tests start a real Pulsar broker', [JAVA, MAVEN]);
ensureBuilt();
become(['node_modules/jest/bin/jest.js', '--selectProjects', 'e2e', '--runInBand', ...process.argv.slice(2)]);
