// `npm run container`: does what the Dockerfile says, outside Docker as far as that goes, runs the result like a container
// (read-only root, unprivileged user), and where a Docker daemon answers builds and runs the image too.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuilt } from './build.mjs';
import { parseDockerfile } from './container/dockerfile.mjs';
import { canEnter, enter } from './container/sandbox.mjs';
import { buildTree, dockerignore, shell } from './container/tree.mjs';
import { root as context } from './ensure.mjs';

const RECORDS = 100;
const IMAGE = 'pulsar-io-kinesis:check';
const HEALTH_PORT = 18_080;

const say = (text) => process.stdout.write(`${text}\n`);
let passed = 0;

function check(promise, holds, found) {
  if (!holds) {
    throw new Error(`${promise}: ${found}`);
  }
  passed++;
  say(`ok  ${promise}`);
}

const read = (name) => readFileSync(join(context, name), 'utf8');

/** Text of a stream until `accepts` it, or the process ends. */
function until(child, stream, accepts) {
  return new Promise((resolve, reject) => {
    let text = '';
    child[stream].setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
      if (accepts(text)) {
        resolve(text);
      }
    });
    child.once('exit', () => reject(new Error(`it ended before that; ${stream}: ${text}`)));
  });
}

const exitOf = (child) =>
  new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));

/** Exit code of a short command, and everything it said. */
async function output(child) {
  let all = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk) => {
      all += chunk;
    });
  }
  const { code } = await exitOf(child);
  return { code, all };
}

/** The emulator of this checkout with a filled stream; `close` ends it. */
async function startStream() {
  ensureBuilt();
  const child = spawn(process.execPath, ['dist/cli/main.js', 'emulator', '--stream', 'orders:2'], {
    cwd: context,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const text = await until(child, 'stdout', (so) => /http:\/\/127\.0\.0\.1:\d+/.test(so));
  const endpoint = /http:\/\/127\.0\.0\.1:\d+/.exec(text)[0];
  const records = Array.from({ length: RECORDS }, (_, n) => ({
    PartitionKey: String(n),
    Data: Buffer.from(`record ${n}`).toString('base64'),
  }));
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'Kinesis_20131202.PutRecords' },
    body: JSON.stringify({ StreamName: 'orders', Records: records }),
  });
  if (!answer.ok) {
    throw new Error(`PutRecords: ${answer.status} ${await answer.text()}`);
  }
  return { endpoint, close: () => child.kill('SIGTERM') };
}

/** Mounted at /config: the stream to standard output. */
function connectors(endpoint) {
  return JSON.stringify({
    pulsar: { serviceUrl: 'stdout:' },
    aws: {
      region: 'us-east-1',
      credentials: { type: 'static', accessKeyId: 'check', secretAccessKey: 'check' },
      endpoints: { kinesis: endpoint, dynamodb: endpoint },
    },
    sources: [
      {
        name: 'orders',
        topicName: 'orders',
        configs: {
          awsKinesisStreamName: 'orders',
          initialPositionInStream: 'TRIM_HORIZON',
          useEnhancedFanOut: false,
        },
      },
    ],
  });
}

/** Life of one container, given as functions that start commands in it. */
async function live(run, exec) {
  const service = run();
  const log = [];
  service.stderr.setEncoding('utf8').on('data', (chunk) => log.push(chunk));
  const ended = exitOf(service);
  await until(service, 'stdout', (text) => text.split('\n').length > RECORDS).catch((error) => {
    throw new Error(`${error.message} ${log.join('')}`);
  });
  check('every record of the stream comes out', true);
  const healthy = await output(exec());
  check('the health check passes while it runs', healthy.code === 0, healthy.all);
  service.kill('SIGTERM');
  const { code, signal } = await ended;
  check('SIGTERM reaches it, and it ends drained with 0', code === 0, `${code ?? signal} ${log.join('')}`);
  const sick = await output(exec());
  check('the health check fails once it has ended', sick.code !== 0, 'it passed');
}

async function outsideDocker(stages, work, stream) {
  const tree = join(work, 'stages');
  const ignored = dockerignore(read('.dockerignore'));
  const image = buildTree(stages, { context, ignored, folder: tree, run: shell });
  const inside = (path) => existsSync(join(image.root, 'app', path));
  check('every step of the Dockerfile works', inside('dist/cli/main.js'), 'no command in it');
  check(
    'what only building needs stays out',
    !inside('node_modules/typescript') && !inside('src'),
    'it is in it',
  );
  check('the user is a number and not root', /^[1-9]\d*:[1-9]\d*$/.test(image.user), image.user);
  check('it is stopped by SIGTERM', image.stopsignal === 'SIGTERM', image.stopsignal);
  check('nothing stands between signals and the process', image.entrypoint[0] === 'node', image.entrypoint);
  if (!canEnter()) {
    say('not root on Linux: the read-only root and the user are not tried here');
    return;
  }
  const root = join(work, 'root');
  const config = join(work, 'config');
  mkdirSync(root);
  mkdirSync(config);
  writeFileSync(join(config, 'connectors.yaml'), connectors(stream.endpoint));
  const env = { PULSAR_IO_KINESIS_HTTP_PORT: String(HEALTH_PORT) };
  const start = (command) => enter(image, { root, config }, command, env);
  const probe =
    "try { require('fs').writeFileSync('/app/x', ''); console.log('written') } catch (e) { console.log(process.getuid(), e.code) }";
  const { all } = await output(start(['node', '-e', probe]));
  check('it runs as that user on a read-only root', all.includes(`${image.user.split(':')[0]} EROFS`), all);
  await live(
    () => start([...image.entrypoint, ...image.cmd]),
    () => start(image.healthcheck),
  );
}

async function insideDocker(work, stream) {
  if (spawnSync('docker', ['info'], { stdio: 'ignore' }).status !== 0) {
    say('no Docker daemon answers here: the image itself was not built');
    return;
  }
  shell(`docker build -t ${IMAGE} .`, context, {});
  const config = join(work, 'docker-config');
  mkdirSync(config);
  writeFileSync(join(config, 'connectors.yaml'), connectors(stream.endpoint));
  const name = `pulsar-io-kinesis-check-${process.pid}`;
  const options = ['--rm', '--name', name, '--read-only', '--network', 'host', '-v', `${config}:/config:ro`];
  const port = ['-e', `PULSAR_IO_KINESIS_HTTP_PORT=${HEALTH_PORT}`];
  const health = parseDockerfile(read('Dockerfile'))
    .at(-1)
    .steps.find((it) => it.instruction === 'HEALTHCHECK');
  const pipes = { stdio: ['ignore', 'pipe', 'pipe'] };
  await live(
    () => spawn('docker', ['run', ...options, ...port, IMAGE], pipes),
    () => spawn('docker', ['exec', name, ...health.args], pipes),
  );
}

const work = mkdtempSync(join(tmpdir(), 'pulsar-io-kinesis-container-'));
let stream;
try {
  stream = await startStream();
  await outsideDocker(parseDockerfile(read('Dockerfile')), work, stream);
  await insideDocker(work, stream);
  say(`container: ${passed} checks passed`);
} catch (error) {
  process.stderr.write(`container: ${error.message}\n`);
  process.exitCode = 1;
} finally {
  stream?.close();
  rmSync(work, { recursive: true, force: true });
}
