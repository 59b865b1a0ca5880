import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAX_HASH_KEY } from '../../src/stream/hash-key';
import { EMULATORS, type EmulatorName, type RunningKinesis } from '../contract/kinesis/emulators';
import { Lab } from '../contract/kinesis/lab';
import { type CliResult, type CliSurroundings, runCli } from '../support/cli-lab';
import { frameOfKey } from '../support/kpl-frame';

const HOSTILE = '\x1b[2J\u009b31m\u202e\r\n';
/** Emulators with consumers: ours, and one that is not ours. */
const NAMES: readonly EmulatorName[] = ['ours', 'kinesis-local'];
const starting = new Map<EmulatorName, Promise<RunningKinesis>>();

// Side by side: one that is not ours takes seconds.
beforeAll(() => {
  for (const name of NAMES) {
    const service = EMULATORS[name]();
    service.catch(() => undefined);
    starting.set(name, service);
  }
});

describe.each(NAMES)('exploring %s', (name) => {
  let service: RunningKinesis;
  let lab: Lab;
  let folder: string;
  const before = { ...process.env };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'exploring-'));
    const file = join(folder, 'credentials');
    writeFileSync(file, '[explorer]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = example\n');
    Object.assign(process.env, { AWS_SHARED_CREDENTIALS_FILE: file, AWS_CONFIG_FILE: join(folder, 'none') });
    service = await (starting.get(name) ?? EMULATORS[name]());
    lab = new Lab(service.endpoint);
    await lab.stream(2, 'orders');
    await Promise.all([lab.stream(1, 'clicks'), lab.stream(1, 'empty')]);
    const put = (data: string | Uint8Array, partitionKey: string) =>
      lab.writer.putRecords({ name: 'orders' }, [{ data: Buffer.from(data as string), partitionKey }]);
    for (let n = 0; n < 6; n++) {
      await put(`{"n": ${n}}`, `key-${n}`);
    }
    await put(frameOfKey('user', ['first', 'second']), 'aggregate');
    await lab.split('orders', 0, MAX_HASH_KEY / 4n);
    await put(HOSTILE, `hostile${HOSTILE}`);
    await put(Uint8Array.of(0xff, 0x00), 'bytes');
  });

  afterAll(async () => {
    lab.close();
    await service.stop();
    process.env = before;
    rmSync(folder, { recursive: true });
  });

  const cli = (args: readonly string[], around?: CliSurroundings): Promise<CliResult> =>
    runCli(
      [...args, '--endpoint', service.endpoint, '--region', 'us-east-1', '--profile', 'explorer'],
      around,
    );
  const peek = (...args: string[]): Promise<CliResult> =>
    cli(['streams', 'peek', ...args, '--reads-per-second', '5'], { columns: 100 });

  interface Line {
    readonly shardId: string;
    readonly sequenceNumber: string;
    readonly subSequenceNumber: number;
    readonly partitionKey: string;
    readonly data: string;
  }
  const linesOf = ({ stdout }: CliResult): Line[] =>
    stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));

  it('describes a stream, and shows its shards with their descent', async () => {
    const [described, shards, table] = await Promise.all([
      cli(['streams', 'describe', 'orders', '--json']),
      cli(['streams', 'shards', 'orders', '--json']),
      cli(['streams', 'shards', 'orders', '--wide']),
    ]);
    expect(JSON.parse(described.stdout)).toMatchObject({
      name: 'orders',
      status: 'ACTIVE',
      mode: 'PROVISIONED',
      shards: { open: 3, closed: 1 },
      consumers: [],
    });
    expect(JSON.parse(shards.stdout).shards).toMatchObject([
      { shardId: 'shardId-000000000000', open: false, share: 0.5, endingSequenceNumber: expect.any(String) },
      { shardId: 'shardId-000000000001', open: true, children: [] },
      { shardId: 'shardId-000000000002', open: true, share: 0.25, parents: ['shardId-000000000000'] },
      { shardId: 'shardId-000000000003', open: true, share: 0.25 },
    ]);
    expect(table.stdout).toMatch(/^0 +closed +50 % +2 3 /m);
  });

  it('shows what is in a stream: closed shards, aggregated records, and nothing that a terminal obeys', async () => {
    const [people, scripts] = await Promise.all([peek('orders'), peek('orders', '--json', '--limit', '100')]);
    expect(people).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('10 records: that is all there is.'),
    });
    expect(people.stdout).not.toMatch(/[^\P{C}\n]/u);
    expect(people.stdout).toContain('\\x1b[2J\\x9b31m\\u{202e}\\r\\n');
    expect(people.stdout).toContain('0xff00');
    expect(Math.max(...people.stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
    const lines = linesOf(scripts);
    expect(lines.map(({ data }) => data)).toEqual([
      ...[0, 1, 2, 3, 4, 5].map((n) => `{"n": ${n}}`),
      'first',
      'second',
      HOSTILE,
      '/wA=',
    ]);
    expect(scripts.stdout).not.toMatch(/[^\P{C}\n]/u);
  });

  // The rest is for commands alone to say: a second service would only say it again.
  if (name !== 'ours') {
    return;
  }

  it('lists streams, those that are meant', async () => {
    const [all, some] = await Promise.all([
      cli(['streams', 'list', '--json']),
      cli(['streams', 'list', '--match', '*r?ers']),
    ]);
    const names = JSON.parse(all.stdout).streams.map((stream: { name: string }) => stream.name);
    expect(names).toEqual(['clicks', 'empty', 'orders']);
    expect(some.stdout).toContain('orders');
    expect(some.stdout).not.toContain('clicks');
  });

  it('begins in the middle of an aggregated record, refuses one of another shard, and goes on from an instant', async () => {
    const lines = linesOf(await peek('orders', '--json'));
    const second = lines.find(({ data }) => data === 'second');
    const other = lines.find(({ shardId }) => shardId !== second?.shardId);
    const at = `${second?.sequenceNumber}.${second?.subSequenceNumber}`;
    const [from, foreign, nothing] = await Promise.all([
      peek('orders', '--shard', second?.shardId ?? '', '--from', at, '--json', '--limit', '1'),
      peek('orders', '--shard', other?.shardId ?? '', '--from', at),
      peek('empty', '--from', '-1s'),
    ]);
    expect(linesOf(from)).toMatchObject([{ data: 'second', partitionKey: 'user' }]);
    expect(foreign).toMatchObject({ code: 2, stderr: expect.stringContaining('EXPLORE_POSITION_INVALID') });
    expect(nothing).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('0 records') });
  });

  it('goes on with what comes, and ends when nobody reads any more', async () => {
    const closed = new AbortController();
    const put = async (): Promise<void> => {
      await lab.put('clicks', 'click');
    };
    const look = cli(['streams', 'peek', 'clicks', '--follow', '--raw'], {
      closed: closed.signal,
      onOutput: (text) => {
        expect(text).toBe('click\n');
        closed.abort(new Error('EPIPE'));
      },
    });
    await put();
    expect(await look).toMatchObject({
      code: 0,
      stdout: 'click\n',
      stderr: expect.stringContaining('stopped'),
    });
  });

  it('lists consumers with what they cost by the prices given, and deregisters one', async () => {
    await lab.consumer('orders', 'app');
    const prices = [
      '--price-per-consumer-shard-hour',
      '0.5',
      '--price-per-gb',
      '0.1',
      '--gb-per-month',
      '10',
    ];
    const [plain, priced, refused] = await Promise.all([
      cli(['efo', 'list', '--stream', 'orders']),
      cli(['efo', 'list', '--stream', 'orders', '--json', ...prices]),
      cli(['efo', 'deregister', 'app', '--stream', 'orders'], { answer: 'n' }),
    ]);
    expect(plain.stdout).toContain(
      '1 consumer x 3 open shards x 730 h = 2190 consumer-shard-hours a month; --price',
    );
    expect(JSON.parse(priced.stdout)).toMatchObject({
      consumers: [{ name: 'app', status: 'ACTIVE' }],
      month: { consumerShardHours: 2190, costOfHours: 1095, costOfBytes: 1, cost: 1096 },
    });
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('nothing was changed') });
    const gone = await cli(['efo', 'deregister', 'app', '--stream', 'orders'], { answer: 'y' });
    expect(gone).toMatchObject({ code: 0, stdout: 'Consumer app of orders is gone.\n' });
    const again = await cli(['efo', 'deregister', 'app', '--stream', 'orders', '--yes']);
    expect(again).toMatchObject({ code: 3, stderr: expect.stringContaining('KINESIS_CONSUMER_NOT_FOUND') });
  });

  it.each([
    ['no such stream', ['streams', 'describe', 'nowhere'], 3, 'KINESIS_STREAM_NOT_FOUND'],
    ['no such shard', ['streams', 'peek', 'orders', '--shard', '77'], 2, 'EXPLORE_SHARD_UNKNOWN'],
    ['no stream', ['streams', 'peek'], 2, 'USAGE'],
    [
      'a time-out that no timer can have',
      ['streams', 'peek', 'orders', '--timeout', '3000000'],
      2,
      '2000000',
    ],
    ['a stream of a hostile name', ['streams', 'describe', `a${HOSTILE}`], 3, 'a\\x1b[2J\\x9b31m\\u{202e}'],
    ['a checkpoint of nobody', ['streams', 'peek', 'orders', '--from', 'checkpoint'], 2, 'USAGE'],
  ])('says what is wrong: %s', async (_, args, code, error) => {
    expect(await cli(args)).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(error) });
  });
});
