import { runProgram } from '../../src/cli/program';
import { ConnectorError } from '../../src/errors';
import { HealthBoard } from '../../src/runtime/health';
import { type HttpServer, startHttpServer } from '../../src/runtime/http-server';

const ANY_PORT = { host: '127.0.0.1', port: 0 };

describe('health over HTTP', () => {
  let server: HttpServer;
  const board = new HealthBoard();
  const source = board.add('source', 'public/default/orders');
  const sink = board.add('sink', 'public/default/exports');
  source.starting();
  sink.starting();

  beforeAll(async () => {
    server = await startHttpServer(ANY_PORT, board);
  });
  afterAll(() => server.close());

  async function status(...args: string[]): Promise<{ out: string; err: string; code: number }> {
    const result = { out: '', err: '', code: 0 };
    await runProgram(['status', ...args], {
      stdout: (text) => {
        result.out += text;
      },
      stderr: (text) => {
        result.err += text;
      },
      isTty: false,
      env: {},
      setExitCode: (code) => {
        result.code = code;
      },
    });
    return result;
  }

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
    const { code, out } = await status('--url', server.url);
    expect(code).toBe(3);
    expect(out).toContain('stalled: shardId-7 reader, AWS_TIMEOUT: no answer for 60000 ms');
    source.stalled('shardId-7 reader', undefined);
    expect((await fetch(`${server.url}/ready`)).status).toBe(200);
  });

  it('is not ready while an instance waits to be started again, and says when that will be', async () => {
    const at = Date.UTC(2030, 0, 1);
    source.restarting(new ConnectorError('AWS_THROTTLED', 'too many calls'), at);
    const { code, out } = await status('--url', server.url);
    expect(code).toBe(3);
    expect(out).toMatch(/orders +0 +restarting +0 +AWS_THROTTLED.*Next start: 2030-01-01T00:00:00.000Z/);
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

  it('answers 404 with what there is for anything else', async () => {
    const answer = await fetch(`${server.url}/metrics`);
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain('/ready');
  });

  it('lets `status` end with 0 while all run, and with 3 and the reason once one has failed', async () => {
    expect(await status('--url', server.url)).toMatchObject({ code: 0 });
    sink.failed(new ConnectorError('AWS_ACCESS_DENIED', 'kinesis:PutRecords is not allowed'));
    const failed = await status('--url', server.url);
    expect(failed.code).toBe(3);
    expect(failed.out).toMatch(/sink +public\/default\/exports +0 +failed +0 +AWS_ACCESS_DENIED/);
    // It is about to end, and if it does not, whoever watches it may end it.
    expect((await fetch(`${server.url}/live`)).status).toBe(503);
    const { out } = await status('--url', server.url, '--json');
    expect(JSON.parse(out)).toMatchObject({
      ready: false,
      instances: [{ state: 'running' }, { state: 'failed' }],
    });
  });

  it('refuses a port in use with a configuration error', async () => {
    const port = Number(new URL(server.url).port);
    await expect(startHttpServer({ host: '127.0.0.1', port }, board)).rejects.toMatchObject({
      code: 'HTTP_PORT',
      treatment: 'config',
    });
  });

  it('tells from `status` what to check when nothing answers', async () => {
    const closed = await startHttpServer(ANY_PORT, board);
    await closed.close();
    const { code, err } = await status('--url', closed.url);
    expect(code).toBe(3);
    expect(err).toContain('HTTP_UNREACHABLE');
    expect(err).toContain('http.port');
  });
});
