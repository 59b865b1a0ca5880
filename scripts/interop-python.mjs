// `npm run interop:python`: every kind of message written by ours and read by Pulsar's Python client, and the other way
// round. The client comes from PyPI; missing tools fail.
import { become } from './child.mjs';
import { ensureInstalled } from './ensure.mjs';
import { JAVA, MAVEN, PYTHON, requireTools } from './tools.mjs';

requireTools("It runs Pulsar's broker and its Python client", [JAVA, MAVEN, PYTHON]);
ensureInstalled();
become(['--enable-source-maps', '-r', './scripts/typescript.cjs', 'test/interop/pulsar-table.ts', 'python']);
