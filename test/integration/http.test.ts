import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../../src/cli/program';
import { hide } from '../../src/config';
import { readToken } from '../../src/emulator/kinesis/token';
import { ConnectorError } from '../../src/errors';
import { HealthBoard } from '../../src/runtime/health';
import type { HttpServer } from '../../src/runtime/http-server';
import type { ProcessStatus } from '../../src/runtime/http-status';
import { systemClock } from '../../src/util/clock';
import type { LogFields } from '../../src/util/logger';
import { systemRandom } from '../../src/util/random';
import { fastClock } from '../support/fast-clock';
import { ANY_PORT } from '../support/http-settings';
import { until } from '../support/instances-lab';
import { PageLab, pageSink, pageSource, type ServedRun, serveBoard } from '../support/page-lab';

const TOKEN = `token-${systemRandom.hex(8)}`;

/** Runs `status` with these arguments. */
async function status(
  args: readonly string[],
  env: { readonly [name: string]: string } = {},
  result = { out: '', err: '', code: 0 },
) {
  await runProgram(['status', ...args], {
    stdout: (text) => {
      result.out += text;
    },
    stderr: (text) => {
      result.err += text;
    },
    isTty: false,
    env,
    setExitCode: (code) => {
      result.code = code;
    },
  });
  return result;
}

describe('health over HTTP', () => {
  let server: HttpServer;
  const board = new HealthBoard();
  const source = board.add('source', 'public/default/orders');
  const sink = board.add('sink', 'public/default/exports');
  source.starting();
  sink.starting();

  beforeAll(async () => {
    server = await serveBoard(board);
  });
  afterAll(() => server.close());

  it('is alive at once, and ready only when every instance runs', async () => {
    expect((await fetch(`${server.url}/live`)).status).toBe(200);
    expect((await fetch(`${server.url}/ready`)).status).toBe(503);
    source.running();
    expect((await fetch(`${server.url}/ready`)).status).toBe(503);
    sink.running();
    const ready = await fetch(`${server.url}/ready`);
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({
      ready: true,
      instances: [{ kind: 'source' }, { kind: 'sink' }],
    });
  });

  it('is not ready while a part stands still, names it, and is alive all the same', async () => {
    source.stalled('shardId-7 reader', new ConnectorError('AWS_TIMEOUT', 'no answer for 60000 ms'));
    const stalled = await fetch(`${server.url}/ready`);
    expect(stalled.status).toBe(503);
    expect(await stalled.json()).toMatchObject({
      ready: false,
      instances: [
        {
          kind: 'source',
          name: 'public/default/orders',
          instanceId: 0,
          state: 'running',
          stalled: [{ part: 'shardId-7 reader', code: 'AWS_TIMEOUT', reason: 'no answer for 60000 ms' }],
        },
        { kind: 'sink', stalled: [] },
      ],
    });
    expect((await fetch(`${server.url}/live`)).status).toBe(200);
    const { code, out } = await status(['--url', server.url]);
    expect(code).toBe(3);
    expect(out).toContain('stalled: shardId-7 reader, AWS_TIMEOUT: no answer for 60000 ms');
    source.stalled('shardId-7 reader', undefined);
    expect((await fetch(`${server.url}/ready`)).status).toBe(200);
  });

  it('is not ready while an instance waits to be started again, and says when that will be', async () => {
    const at = Date.UTC(2030, 0, 1);
    source.restarting(new ConnectorError('AWS_THROTTLED', 'too many calls'), at);
    const { code, out } = await status(['--url', server.url]);
    expect(code).toBe(3);
    expect(out).toMatch(/orders +0 +restarting +0 .*AWS_THROTTLED.*Next start: 2030-01-01T00:00:00.000Z/);
    expect((await fetch(`${server.url}/live`)).status).toBe(200);
    source.starting();
    expect(board.instances[0]).toMatchObject({
      state: 'starting',
      numRestarts: 1,
      error: expect.stringContaining('AWS_THROTTLED'),
    });
    source.running();
    expect((await fetch(`${server.url}/ready`)).status).toBe(200);
  });

  it('answers 404 with what there is for anything else, 405 to what would change something', async () => {
    const answer = await fetch(`${server.url}/metricss`);
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain('/ready');
    const posted = await fetch(`${server.url}/ready`, { method: 'POST' });
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it.each(['/', '/live', '/ready', '/metrics', '/status', '/explore'])(
    'answers HEAD %s like GET, without a body, and lets nobody keep it',
    async (path) => {
      const [head, got] = await Promise.all(
        ['HEAD', 'GET'].map((method) => fetch(server.url + path, { method })),
      );
      expect([head?.status, await head?.text()]).toEqual([200, '']);
      expect(head?.headers.get('content-type')).toBe(got?.headers.get('content-type'));
      expect(got?.headers.get('cache-control')).toBe('no-store');
      expect(got?.headers.get('x-content-type-options')).toBe('nosniff');
      expect(got?.headers.get('access-control-allow-origin')).toBeNull();
      expect(got?.headers.get('content-security-policy')).toMatch(
        /default-src 'none'.*frame-ancestors 'none'/,
      );
    },
  );

  it('does not answer under a name that is not of this machine', async () => {
    const answer = await new Promise<number | undefined>((resolve) => {
      get(`${server.url}/status`, { headers: { host: 'rebound.example' } }, ({ statusCode }) =>
        resolve(statusCode),
      );
    });
    expect(answer).toBe(421);
  });

  it('lets `status` end with 0 while all run, and with 3 and the reason once one has failed', async () => {
    expect(await status(['--url', server.url])).toMatchObject({ code: 0 });
    sink.failed(new ConnectorError('AWS_ACCESS_DENIED', 'kinesis:PutRecords is not allowed'));
    const failed = await status(['--url', server.url]);
    expect(failed.code).toBe(3);
    expect(failed.out).toMatch(/sink +public\/default\/exports +0 +failed +0 .*AWS_ACCESS_DENIED/);
    // It is about to end, and if it does not, whoever watches it may end it.
    expect((await fetch(`${server.url}/live`)).status).toBe(503);
    const { out } = await status(['--url', server.url, '--json']);
    expect(JSON.parse(out)).toMatchObject({
      ready: false,
      connectors: [
        { name: 'orders', instances: [{ status: { state: 'running' } }] },
        { name: 'exports', instances: [{ status: { state: 'failed' } }] },
      ],
    });
  });

  it('refuses a port in use with a configuration error', async () => {
    const port = Number(new URL(server.url).port);
    await expect(serveBoard(board, { ...ANY_PORT, port })).rejects.toMatchObject({
      code: 'HTTP_PORT',
      treatment: 'config',
    });
  });

  it('tells from `status` what to check when nothing answers', async () => {
    const closed = await serveBoard(board);
    await closed.close();
    const { code, err } = await status(['--url', closed.url]);
    expect(code).toBe(3);
    expect(err).toContain('HTTP_UNREACHABLE');
    expect(err).toContain('http.port');
  });
});

describe('`status`', () => {
  it('writes out what a terminal would obey, and says in JSON without it what it is', async () => {
    const board = new HealthBoard();
    const hostile = '\u001b[2J\u009b2J\u202eread';
    board.add('source', `public/default/${hostile}`).failed(new Error(`gone\r${hostile}`));
    const server = await serveBoard(board);
    const { out } = await status(['--url', server.url]);
    expect(out).toContain('gone\\r\\x1b[2J\\x9b2J\\u{202e}read');
    const { out: json } = await status(['--url', server.url, '--json']);
    expect((out + json).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(JSON.parse(json).connectors[0].name).toBe(hostile);
    await server.close();
  });

  it('repeats what a connector that does not answer to this name says', async () => {
    const refusing = createServer((_request, response) => {
      response.writeHead(421).end(JSON.stringify({ error: 'this port, \u001b[2J' }));
    }).listen(0, '127.0.0.1');
    await once(refusing, 'listening');
    const { port } = refusing.address() as AddressInfo;
    const { err, code } = await status(['--url', `http://127.0.0.1:${port}`]);
    expect(code).toBe(3);
    expect(err).toContain('status 421: this port, \\x1b[2J');
    refusing.close();
  });

  it('goes on watching while a process is started again, and ends with what it saw last', async () => {
    const board = new HealthBoard();
    const first = await serveBoard(board);
    const port = Number(new URL(first.url).port);
    const seen = { out: '', err: '', code: 0 };
    const watching = status(['--url', first.url, '--watch', '0.1'], {}, seen);
    await until('it answers', () => seen.out.includes('instance') && seen.code === 3);
    await first.close();
    await until('nobody answers', () => seen.err.includes('HTTP_UNREACHABLE'));
    board.add('source', 'public/default/orders').running();
    const second = await serveBoard(board, { ...ANY_PORT, port });
    await until('it answers again', () => seen.out.includes('running'));
    process.emit('SIGINT');
    expect((await watching).code).toBe(0);
    await second.close();
  });
});

describe('a token', () => {
  it('is asked for by everything but health and the empty page, and given by `status` from a file or the environment', async () => {
    const board = new HealthBoard();
    board.add('source', 'public/default/orders').running();
    const server = await serveBoard(board, { ...ANY_PORT, token: hide(TOKEN) });
    const statuses = (headers: { [name: string]: string }) =>
      Promise.all(
        ['/live', '/ready', '/', '/metrics', '/status', '/explore', '/nothing'].map(
          async (path) => (await fetch(server.url + path, { headers })).status,
        ),
      );
    expect(await statuses({})).toEqual([200, 200, 200, 401, 401, 401, 401]);
    expect(await statuses({ authorization: `Bearer ${TOKEN}` })).toEqual([200, 200, 200, 200, 200, 200, 404]);

    expect(await status(['--url', server.url])).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('HTTP_TOKEN_REFUSED'),
    });
    expect(await status(['--url', server.url], { PULSAR_IO_KINESIS_HTTP_TOKEN: TOKEN })).toMatchObject({
      code: 0,
    });
    const file = join(tmpdir(), TOKEN);
    writeFileSync(file, `${TOKEN}\n`);
    expect(await status(['--url', server.url, '--token-file', file])).toMatchObject({ code: 0 });
    await server.close();
  });

  it('is missed, loudly, where others reach the port; records are not shown there', async () => {
    const warnings: LogFields[] = [];
    const explore = { ...ANY_PORT.explore, allowed: false };
    const settings = { ...ANY_PORT, host: '0.0.0.0', explore };
    const server = await serveBoard(new HealthBoard(), settings, { warn: (fields) => warnings.push(fields) });
    const { port } = new URL(server.url);
    expect(warnings).toEqual([{ host: '0.0.0.0', explore: false }]);
    const offer = await fetch(`http://127.0.0.1:${port}/explore`);
    expect(await offer.json()).toMatchObject({
      allowed: false,
      reason: expect.stringContaining('http.token'),
    });
    const refused = await fetch(
      `http://127.0.0.1:${port}/explore/records?connector=source/a/b/c&from=oldest`,
    );
    expect(refused.status).toBe(403);
    await server.close();
  });
});

describe('a run that is served', () => {
  let lab: PageLab;
  let run: ServedRun;
  const HUNG_SHARD = 'shardId-000000000001';
  const SOURCE = 'source/public/default/orders';

  beforeAll(async () => {
    lab = await PageLab.open();
    lab.stream('orders', 2);
    lab.stream('copies', 1);
    lab.stream('large', 1);
    lab.stream('hung', 2);
    lab.stream('idle', 1);
    lab.put('large', ['x'.repeat(100_000)]);
    lab.put(
      'orders',
      Array.from({ length: 50 }, (_, n) => JSON.stringify({ n })),
    );
    run = await lab.run(
      {
        http: {
          port: 0,
          exploreMaxBytes: 65_536,
          exploreMaxRecords: 3,
        },
        sources: [pageSource('orders'), pageSource('hung', { readerStallTimeout: 2000 })],
        sinks: [pageSink('copies', 'orders', 'copies')],
      },
      fastClock(6),
    );
  });
  afterAll(async () => {
    await run.stop();
    await lab.close();
  });

  const ask = async (path: string, query: { readonly [name: string]: string } = {}) => {
    const response = await fetch(`${run.url}${path}?${new URLSearchParams(query)}`);
    return { status: response.status, text: await response.text() };
  };
  const statusNow = async (): Promise<ProcessStatus> => JSON.parse((await ask('/status')).text);
  const look = async (query: { readonly [name: string]: string }) => {
    const { status: code, text } = await ask('/explore/records', {
      connector: SOURCE,
      stream: 'orders',
      ...query,
    });
    const lines = text.trimEnd().split('\n');
    return { code, lines: lines.map((line) => JSON.parse(line)) };
  };

  it('tells of its connectors as Pulsar does, and of every shard', async () => {
    await until('all is copied', async () => {
      const { connectors } = await statusNow();
      return JSON.stringify(connectors).includes('"numWrittenToSink":50');
    });
    const { time, connectors } = await statusNow();
    expect(Math.abs(time - systemClock.now())).toBeLessThan(5000);
    expect(connectors).toMatchObject([
      {
        kind: 'source',
        tenant: 'public',
        namespace: 'default',
        name: 'orders',
        numInstances: 1,
        numRunning: 1,
        instances: [
          {
            instanceId: 0,
            status: {
              numReceivedFromSource: 50,
              numWritten: 50,
              shards: [
                { stream: 'orders', shardId: 'shardId-000000000000', state: 'PROCESSING' },
                { stream: 'orders', shardId: 'shardId-000000000001', state: 'PROCESSING' },
              ],
            },
          },
        ],
      },
      { kind: 'source', name: 'hung' },
      { kind: 'sink', name: 'copies', instances: [{ status: { numReadFromPulsar: 50 } }] },
    ]);
    const { out } = await status(['--url', run.url, '--shards']);
    expect(out).toMatch(/source +public\/default\/orders +0 +running +0 +50 +50 +0 s/);
    expect(out).toMatch(/public\/default\/orders +orders +1 +PROCESSING +0 s/);
  });

  it('gives Prometheus what it counts', async () => {
    const { status: code, text } = await ask('/metrics');
    expect(code).toBe(200);
    expect(text).toMatch(/^pulsar_io_kinesis_\w+\{.*connector="public\/default\/orders".*\} \d/m);
  });

  it('shows the streams, shards and records that its connectors reach, and no more of them than allowed', async () => {
    expect(JSON.parse((await ask('/explore')).text)).toEqual({
      allowed: true,
      maxRecords: 3,
      connectors: [
        { id: SOURCE, kind: 'source', name: 'public/default/orders', streams: ['orders'] },
        { id: 'source/public/default/hung', kind: 'source', name: 'public/default/hung', streams: ['hung'] },
        {
          id: 'sink/public/default/copies',
          kind: 'sink',
          name: 'public/default/copies',
          streams: ['copies'],
        },
      ],
    });
    const streams = await ask('/explore/streams', { connector: SOURCE });
    expect(JSON.parse(streams.text)).toEqual({
      complete: true,
      streams: ['copies', 'hung', 'idle', 'large', 'orders'].map((name) => ({ name })),
    });
    const shards = await ask('/explore/shards', { connector: SOURCE, stream: 'orders' });
    expect(JSON.parse(shards.text)).toEqual({
      shards: [
        { shardId: 'shardId-000000000000', open: true },
        { shardId: 'shardId-000000000001', open: true },
      ],
    });
    const one = await look({ from: 'oldest', limit: '1', shard: 'shardId-000000000001' });
    expect(one.lines).toMatchObject([
      { record: { shardId: 'shardId-000000000001', aggregated: false, truncated: false } },
      { end: expect.stringContaining('as many') },
    ]);
    expect((await look({ from: 'oldest', limit: '9999' })).lines).toHaveLength(3 + 1);
  });

  it('shows the beginning of a record that is larger than a look may be', async () => {
    const { lines } = await look({ stream: 'large', from: 'oldest', limit: '2' });
    expect(lines).toMatchObject([
      {
        record: { size: 100_000, truncated: true, data: Buffer.from('x'.repeat(65_536)).toString('base64') },
      },
      { end: expect.any(String) },
    ]);
  });

  it.each([
    [{ from: 'yesterday' }, 400, 'EXPLORE_POSITION_INVALID'],
    [{ from: 'oldest', connector: 'source/a/b/c' }, 404, 'no such connector'],
  ])('refuses %j with %p', async (query, code, text) => {
    const answer = await look(query);
    expect(answer.code).toBe(code);
    expect(answer.lines[0].error).toContain(text);
  });

  it('ends a look that nothing comes to, and asks whoever wants too many at a time to come again', async () => {
    const explore = { ...ANY_PORT.explore, timeout: 500, maxLooks: 2 };
    const config = lab.config({ sources: [pageSource('orders')] });
    const server = await serveBoard(new HealthBoard(), { ...ANY_PORT, explore }, { config });
    const from = new URLSearchParams({ connector: SOURCE, stream: 'idle', from: 'latest' });
    const waiting = [1, 2, 3].map(() => fetch(`${server.url}/explore/records?${from}`));
    const [refused, ...others] = (await Promise.all(waiting)).sort((a, b) => b.status - a.status);
    expect([refused?.status, refused?.headers.get('retry-after')]).toEqual([429, '5']);
    for (const answer of others) {
      expect(answer.status).toBe(200);
      expect(await answer.json()).toEqual({ end: expect.stringContaining('exploreTimeout') });
    }
    expect((await fetch(`${server.url}/explore/streams?connector=${SOURCE}`)).status).toBe(200);
    await server.close();
  });

  it('is not ready while a read hangs although records wait, names the shard, and recovers by itself', async () => {
    const fault = lab.emulator.faults.add({
      operation: 'GetRecords',
      fault: { kind: 'silence', applied: false },
      when: (input) => {
        const [arn, , shardId] = readToken((input as { ShardIterator: string }).ShardIterator)?.parts ?? [];
        return String(arn).endsWith('/hung') && shardId === HUNG_SHARD;
      },
    });
    lab.put(
      'hung',
      Array.from({ length: 20 }, (_, n) => `late ${n}`),
    );
    await until('it is not ready', async () => (await ask('/ready')).status === 503);
    expect(JSON.parse((await ask('/ready')).text)).toMatchObject({
      ready: false,
      instances: [
        { name: 'public/default/orders', stalled: [] },
        {
          state: 'running',
          stalled: expect.arrayContaining([
            expect.objectContaining({ part: `${HUNG_SHARD} reader`, code: 'READER_STALLED' }),
          ]),
        },
        {},
      ],
    });
    fault.remove();
    await until('it is ready', async () => (await ask('/ready')).status === 200);
    await until('all has arrived', () => lab.broker.stored('hung') === 20);
  });
});
