import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../../src/cli/program';
import { hashKeyOf } from '../../src/stream/hash-key';
import { cleanReport, SourceLab } from '../support/source-lab';

let lab: SourceLab;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'offsets-'));
  streams = 'orders';
  onWatch = undefined;
});

afterEach(async () => {
  await lab.close();
  rmSync(folder, { recursive: true });
});

interface Result {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/** What the source reads. */
let streams: string | readonly string[];

/** What happens while a command watches. */
let onWatch: (() => void) | undefined;

/** Runs `offsets …` for the source of the lab. */
async function offsets(...args: string[]): Promise<Result> {
  const file = join(folder, 'connectors.json');
  const source = {
    name: 'orders',
    topicName: 'orders',
    className: 'kinesis',
    configs: {
      awsKinesisStreamName: streams,
      applicationName: 'app',
      failoverTime: 2000,
      awsRegion: 'us-east-1',
      awsEndpoint: lab.emulator.kinesisEndpoint,
      dynamoEndpoint: lab.emulator.dynamodbEndpoint,
      aws: { credentials: { type: 'static', accessKeyId: 'a', secretAccessKey: 'b' } },
    },
  };
  writeFileSync(file, JSON.stringify({ pulsar: { serviceUrl: 'memory://' }, sources: [source] }));
  const out: string[] = [];
  const err: string[] = [];
  let code = -1;
  await runProgram(['offsets', ...args, '-c', file], {
    stdout: (text) => out.push(text),
    stderr: (text) => {
      err.push(text);
      if (text.startsWith('watching')) {
        onWatch?.();
      }
    },
    isTty: false,
    env: {},
    setExitCode: (given) => {
      code = given;
    },
  });
  return { stdout: out.join(''), stderr: err.join(''), code };
}

const changing = (...args: string[]): Promise<Result> =>
  offsets(...args, '--yes', '--backup', join(folder, `backup-${args[0]}.json`));

/** Runs the source until it has caught up; what has arrived since is counted anew. */
async function read(): Promise<void> {
  expect(await lab.start({}, { untilCaughtUp: true }).ended).toBe('drained');
}

const payloads = (): string[] =>
  lab.broker.messages('orders').map(({ value }) => Buffer.from(value).toString());

/** A stream that was split once, all of it read. */
async function readOnce(): Promise<number> {
  lab = await SourceLab.open(2);
  lab.put(200);
  lab.split(0);
  lab.put(200);
  await read();
  expect(lab.report()).toEqual(cleanReport(400));
  return 400;
}

describe('offsets reset', () => {
  test('to TRIM_HORIZON reads everything again, parents before children', async () => {
    const count = await readOnce();
    const { code, stdout, stderr } = await changing('reset', '--to', 'TRIM_HORIZON');
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('OFFSETS') });
    expect(stdout).toContain('rows are changed');
    await read();
    const again = payloads().slice(count);
    expect([...again].sort()).toEqual(payloads().slice(0, count).sort());
    const byKey = (texts: readonly string[]): Map<number, number[]> => {
      const keys = new Map<number, number[]>();
      for (const text of texts) {
        const n = Number(text.slice('record '.length));
        keys.set(n % 20, [...(keys.get(n % 20) ?? []), n]);
      }
      return keys;
    };
    for (const numbers of byKey(again).values()) {
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    }
  });

  test('to an instant reads what came from then on, and only that', async () => {
    const count = await readOnce();
    lab.emulator.clock.advance(60_000);
    const instant = new Date(lab.emulator.clock.now()).toISOString();
    lab.emulator.clock.advance(60_000);
    lab.put(100);
    await read();
    expect(lab.report()).toEqual(cleanReport(count + 100));
    expect((await changing('reset', '--to', instant)).code).toBe(0);
    await read();
    const again = payloads().slice(count + 100);
    expect(again.sort()).toEqual(Array.from({ length: 100 }, (_, i) => `record ${count + i}`).sort());
  });

  test('to LATEST passes over what is there, and over nothing that comes later', async () => {
    lab = await SourceLab.open(2);
    lab.put(50);
    lab.emulator.clock.advance(5000);
    expect((await changing('reset', '--to', 'LATEST')).code).toBe(0);
    lab.emulator.clock.advance(5000);
    lab.put(50);
    await read();
    expect(payloads().sort()).toEqual(Array.from({ length: 50 }, (_, i) => `record ${50 + i}`).sort());
  });

  test('of one shard leaves the others where they are', async () => {
    const count = await readOnce();
    const open = lab.openShards();
    const shardId = open[0]?.ShardId ?? '';
    expect((await changing('reset', '--to', 'TRIM_HORIZON', '--shard', shardId)).code).toBe(0);
    await read();
    const again = payloads().slice(count).length;
    expect(again).toBeGreaterThan(0);
    expect(again).toBeLessThan(count);
  });

  test('of one shard reads nothing of its parents again, whose rows have gone since', async () => {
    const count = await readOnce();
    remove('shardId-000000000000');
    const reset = ['reset', '--to', 'TRIM_HORIZON', '--shard', 'shardId-000000000002'];
    expect((await changing(...reset)).code).toBe(0);
    await read();
    const again = payloads().slice(count);
    expect(again.length).toBeGreaterThan(0);
    expect(again.filter((text) => Number(text.slice('record '.length)) < 200)).toEqual([]);
  });

  test('of one shard says nothing of where the others begin', async () => {
    lab = await SourceLab.open(2);
    lab.put(50);
    lab.emulator.clock.advance(5000);
    expect((await changing('reset', '--to', 'LATEST', '--shard', 'shardId-000000000000')).code).toBe(0);
    lab.emulator.clock.advance(5000);
    const other = lab.openShards()[1]?.HashKeyRange;
    await read();
    const expected = Array.from({ length: 50 }, (_, n) => n).filter((n) => isIn(other, `key-${n % 20}`));
    expect(expected.length).toBeGreaterThan(0);
    expect(payloads().sort()).toEqual(expected.map((n) => `record ${n}`).sort());
  });

  test('without --yes, where nobody can be asked, changes nothing', async () => {
    await readOnce();
    const before = lab.rows();
    const { code, stderr } = await offsets('reset', '--to', 'TRIM_HORIZON');
    expect(code).toBe(2);
    expect(stderr).toContain('--yes');
    expect(lab.rows()).toEqual(before);
  });
});

describe('a worker that holds its leases', () => {
  test('is not disturbed: the command is refused, and says what to do', async () => {
    lab = await SourceLab.open(1);
    lab.put(50);
    const run = lab.start({ failoverTime: 2000 });
    await lab.stored(50);
    const { code, stderr } = await changing('reset', '--to', 'TRIM_HORIZON');
    expect(code).toBe(3);
    expect(stderr).toMatch(/OFFSETS_LEASE_LIVE.*--fence/s);
    await run.stop();
    expect(lab.report()).toEqual(cleanReport(50));
  });

  test('with --fence goes on from the new position, and never brings its old one back', async () => {
    lab = await SourceLab.open(1);
    lab.put(50);
    const run = lab.start({ failoverTime: 2000 });
    await lab.stored(50);
    const { code, stderr } = await changing('reset', '--to', 'TRIM_HORIZON', '--fence');
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) });
    await lab.stored(100);
    await run.stop();
    expect(payloads().slice(50)).toEqual(payloads().slice(0, 50));
    await read();
    expect(payloads()).toHaveLength(100);
  });
});

test('a lease that a worker takes while others are watched is not taken from it', async () => {
  lab = await SourceLab.open(2);
  lab.put(20);
  await read();
  own('shardId-000000000000', 'a worker that is gone');
  onWatch = () => own('shardId-000000000001', 'a worker that has come');
  const { code, stderr } = await changing('reset', '--to', 'TRIM_HORIZON');
  expect({ code, stderr }).toEqual({
    code: 3,
    stderr: expect.stringMatching(/OFFSETS_LEASE_LIVE.*has come/s),
  });
  expect(
    lab
      .rows()
      .map(({ leaseOwner }) => leaseOwner?.S)
      .sort(),
  ).toEqual(['a worker that has come', 'a worker that is gone']);
});

test('a row whose owner is dead is watched, then moved', async () => {
  lab = await SourceLab.open(1);
  lab.put(20);
  await read();
  own('shardId-000000000000', 'a worker that is gone');
  const { code, stderr } = await changing('reset', '--to', 'TRIM_HORIZON');
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('watching') });
  await read();
  expect(payloads().slice(20)).toEqual(payloads().slice(0, 20));
});

test.each([
  [['reset', '--to', 'yesterday'], 2, 'USAGE'],
  [['reset', '--to', '2999-01-01T00:00:00Z'], 2, 'START_POSITION_IN_FUTURE'],
  [['set', '--shard', 'shardId-000000000000', '--sequence', 'x'], 2, 'USAGE'],
  [['set', '--shard', 'shardId-000000000000', '--sequence', `0${'9'.repeat(56)}`], 2, 'USAGE'],
  [['reset', '--to', 'LATEST', '--stream', 'others'], 3, 'OFFSETS_OTHER_STREAM'],
  [['import', '--from', 'kcl'], 2, 'USAGE'],
  [['import', 'no such file'], 2, 'CONFIG_UNREADABLE'],
  [['get'], 3, 'LEASE_TABLE_NOT_FOUND'],
  [['get', '--connector', 'others'], 2, 'USAGE'],
])('%j is refused with a reason, and changes nothing', async (args, code, error) => {
  lab = await SourceLab.open(1);
  const result = args[0] === 'get' ? await offsets(...args) : await changing(...args);
  expect(result).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(`${error}: `) });
});

describe('offsets set', () => {
  test('goes on behind the record that is named', async () => {
    lab = await SourceLab.open(1);
    lab.put(20);
    await read();
    const { stdout } = await offsets('get', '--json');
    const [shard] = (JSON.parse(stdout) as { shards: { shardId: string; checkpoint: string }[] }).shards;
    lab.put(10);
    await read();
    const { shardId = '', checkpoint = '' } = shard ?? {};
    const { code } = await changing('set', '--shard', shardId, '--sequence', checkpoint);
    expect(code).toBe(0);
    await read();
    expect(payloads().slice(30)).toEqual(payloads().slice(20, 30));
  });

  test('refuses a record of another shard, and a shard that is not there', async () => {
    lab = await SourceLab.open(1);
    lab.put(1);
    await read();
    const other = await changing('set', '--shard', 'shardId-000000000000', '--sequence', '17');
    expect(other).toMatchObject({ code: 3, stderr: expect.stringContaining('OFFSETS_SEQUENCE_OUTSIDE') });
    const unknown = await changing('set', '--shard', 'shardId-000000000009', '--sequence', '17');
    expect(unknown).toMatchObject({ code: 3, stderr: expect.stringContaining('OFFSETS_SHARD_UNKNOWN') });
  });

  test.each<[string, (last: bigint, ofOther: bigint) => readonly string[], number, RegExp]>([
    [
      'refuses a record of the shard beside it',
      (_, ofOther) => [`${ofOther}`],
      3,
      /expected a sequence number/,
    ],
    ['refuses what is behind the newest record', (last) => [`${last + (1n << 80n)}`], 3, /behind the newest/],
    [
      'refuses a user record that a plain one has not',
      (last) => [`${last}`, '--sub-sequence', '1'],
      3,
      /is one/,
    ],
    ['tells of a record that is not there', (last) => [`${last - (1n << 36n)}`], 0, /no record .* next one/],
  ])('%s', async (_title, sequence, code, text) => {
    lab = await SourceLab.open(2);
    lab.put(20);
    await read();
    const [last = 0n, ofOther = 0n] = lab.rows().map(({ checkpoint }) => BigInt(checkpoint?.S ?? 0));
    const shardId = lab.rows()[0]?.leaseKey?.S ?? '';
    const result = await changing('set', '--shard', shardId, '--sequence', ...sequence(last, ofOther));
    expect({ ...result, stderr: result.stderr.replaceAll('\n', ' ') }).toMatchObject({
      code,
      stderr: expect.stringMatching(text),
    });
  });
});

describe('offsets export and import', () => {
  test('a backup brings back what a reset has changed', async () => {
    const count = await readOnce();
    expect((await changing('reset', '--to', 'TRIM_HORIZON')).code).toBe(0);
    const backup = join(folder, 'backup-reset.json');
    const { code, stderr } = await changing('import', backup, '--overwrite');
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('OFFSETS') });
    lab.put(50);
    await read();
    expect(lab.report()).toEqual(cleanReport(count + 50));
  });

  test('a backup brings it back also where the reset has made rows that were not there', async () => {
    const count = await readOnce();
    remove('shardId-000000000000');
    expect((await changing('reset', '--to', 'TRIM_HORIZON')).code).toBe(0);
    const backup = join(folder, 'backup-reset.json');
    expect((await changing('import', backup, '--overwrite')).code).toBe(0);
    lab.put(50);
    await read();
    expect(lab.report()).toEqual(cleanReport(count + 50));
  });

  test('a file goes into an empty table only, unless it is told otherwise', async () => {
    await readOnce();
    const file = join(folder, 'offsets.json');
    expect((await offsets('export', '--out', file)).code).toBe(0);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      format: 'pulsar-io-kinesis-offsets/1',
      table: 'app',
    });
    const refused = await changing('import', file);
    expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining('OFFSETS_TARGET_NOT_EMPTY') });
    const same = await changing('import', file, '--overwrite');
    expect(same).toMatchObject({ code: 0, stdout: expect.stringContaining('Nothing to change') });
  });

  test('every problem of a file is told at once', async () => {
    lab = await SourceLab.open(1);
    const file = join(folder, 'bad.json');
    const shards = [
      { shardId: 'shardId-1', checkpoint: 'x' },
      { checkpoint: '5', subSequenceNumber: -1 },
    ];
    writeFileSync(file, JSON.stringify({ format: 'pulsar-io-kinesis-offsets/1', shards }));
    const { code, stderr } = await changing('import', file);
    expect(code).toBe(2);
    expect(stderr).toContain('shards[0].checkpoint');
    expect(stderr).toContain('shards[1].shardId');
    expect(stderr).toContain('shards[1].checkpoint');
  });

  test('another lease table is taken over exactly where it stands, and is only read', async () => {
    lab = await SourceLab.open(2);
    lab.put(100);
    expect(await lab.start({ applicationName: 'old' }, { untilCaughtUp: true }).ended).toBe('drained');
    const before = scan('old');
    const { code, stderr } = await changing('import', '--from', 'kcl', '--table', 'old');
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('OFFSETS') });
    expect(scan('old')).toEqual(before);
    lab.put(100);
    await read();
    expect(lab.report()).toEqual(cleanReport(200));
  });
});

test('rows of a KCL, which name no stream, go into a table of several once it is said whose they are', async () => {
  lab = await SourceLab.open(1);
  lab.put(10);
  expect(await lab.start({ applicationName: 'old' }, { untilCaughtUp: true }).ended).toBe('drained');
  lab.emulator.dynamodb.invoke('UpdateItem', {
    TableName: 'old',
    Key: { leaseKey: { S: 'shardId-000000000000' } },
    UpdateExpression: 'REMOVE streamArn',
  });
  lab.emulator.kinesis.call('CreateStream', { StreamName: 'others', ShardCount: 1 });
  streams = ['orders', 'others'];
  const take = ['import', '--from', 'kcl', '--table', 'old'];
  const unsaid = await changing(...take);
  expect(unsaid).toMatchObject({ code: 3, stderr: expect.stringMatching(/OFFSETS_OTHER_STREAM.*--stream/s) });
  const { code, stderr } = await changing(...take, '--stream', 'orders');
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('OFFSETS') });
  expect(lab.rows()).toMatchObject([{ streamName: { S: expect.stringContaining(':orders:') } }]);
});

function scan(table: string): unknown {
  return lab.emulator.dynamodb.invoke('Scan', { TableName: table });
}

/** What a worker does that takes the lease. */
function own(shardId: string, worker: string): void {
  lab.emulator.dynamodb.invoke('UpdateItem', {
    TableName: 'app',
    Key: { leaseKey: { S: shardId } },
    UpdateExpression: 'SET leaseOwner = :worker ADD leaseCounter :one',
    ExpressionAttributeValues: { ':worker': { S: worker }, ':one': { N: '1' } },
  });
}

/** What a worker does once a shard has been finished for long. */
function remove(shardId: string): void {
  lab.emulator.dynamodb.invoke('DeleteItem', { TableName: 'app', Key: { leaseKey: { S: shardId } } });
}

function isIn(range: HashKeyRange | undefined, key: string): boolean {
  const hash = hashKeyOf(key);
  return hash >= BigInt(range?.StartingHashKey ?? 0) && hash <= BigInt(range?.EndingHashKey ?? 0);
}

interface HashKeyRange {
  readonly StartingHashKey: string;
  readonly EndingHashKey: string;
}
