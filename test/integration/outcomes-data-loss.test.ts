import { explain } from '../../src/errors';
import { cleanReport, SourceLab } from '../support/source-lab';

const HOUR_MS = 3_600_000;
const ZERO = 'shardId-000000000000';

let lab: SourceLab;

afterEach(() => lab.close());

type Configs = { readonly [name: string]: unknown };

/** Reads everything there is and stops; `next` will find that many more records than it can read. */
async function readAll(configs: Configs, records = 100, shards = 1): Promise<void> {
  lab = await SourceLab.open(shards);
  lab.put(records);
  expect(await lab.start(configs, { untilCaughtUp: true }).ended).toBe('drained');
}

const numbered = (from: number, count: number) => Array.from({ length: count }, (_, n) => from + n);
const gapsIn = (warnings: readonly string[]) => warnings.filter((line) => line.includes('SOURCE_DATA_LOSS'));
const checkpoints = () => lab.rows().map(({ checkpoint }) => checkpoint?.S);
const caughtUpAt = () => Number(lab.rows()[0]?.caughtUpAt?.N);

describe.each([
  ['polling', {}],
  ['enhanced fan-out', { useEnhancedFanOut: true }],
])('records trimmed before they were read, by %s', (_mode, mode) => {
  it('end the source, which says from where to where; and do so again until somebody decides', async () => {
    await readAll(mode);
    const before = checkpoints();
    const readTo = caughtUpAt();
    lab.put(40);
    lab.emulator.clock.advance(26 * HOUR_MS);
    lab.put(60);
    for (let start = 0; start < 2; start++) {
      const run = lab.start(mode, { untilCaughtUp: true });
      const error = await run.ended.catch((failure: unknown) => failure);
      expect(error).toMatchObject({
        code: 'SOURCE_DATA_LOSS',
        message: expect.stringContaining(ZERO),
        hint: expect.stringMatching(/onDataLoss.*offsets reset/),
      });
      const text = explain(error);
      expect(text).toContain(`the records behind ${before[0]}, all until ${new Date(readTo).toISOString()}`);
      expect(text).toMatch(/found \d{50,}, arrived at .*Z, records are kept since .*Z/);
      expect(run.count('data_gaps', 'TRIMMED')).toBe(1);
    }
    expect(checkpoints()).toEqual(before);
    expect(lab.broker.stored('orders')).toBe(100);
  });

  it('are passed over with onDataLoss continue: one warning, one count, everything else', async () => {
    await readAll(mode);
    lab.put(40);
    lab.emulator.clock.advance(26 * HOUR_MS);
    lab.put(60);
    const run = lab.start({ ...mode, onDataLoss: 'continue' }, { untilCaughtUp: true });
    expect(await run.ended).toBe('drained');
    expect(gapsIn(run.warnings)).toEqual([expect.stringMatching(/"from":"\d+".*"to":"\d+","toArrival":"/)]);
    expect(run.count('data_gaps')).toBe(1);
    expect(lab.report()).toEqual({ ...cleanReport(200), arrived: 160, lost: numbered(100, 40) });
    const next = lab.start(mode, { untilCaughtUp: true });
    expect(await next.ended).toBe('drained');
    expect(next.count('data_gaps')).toBe(0);
  });

  it('are none on a quiet shard whose worker runs, however long ago its last record was trimmed', async () => {
    await readAll(mode);
    for (let days = 0; days < 2; days++) {
      lab.emulator.clock.advance(20 * HOUR_MS);
      const run = lab.start(mode, { untilCaughtUp: true });
      expect(await run.ended).toBe('drained');
      expect(run.count('data_gaps')).toBe(0);
    }
    lab.put(10);
    expect(await lab.start(mode, { untilCaughtUp: true }).ended).toBe('drained');
    expect(lab.report()).toEqual(cleanReport(110));
  });

  it('are none when the record of the checkpoint is still there, however long ago it was read', async () => {
    await readAll(mode);
    lab.emulator.kinesis.call('IncreaseStreamRetentionPeriod', {
      StreamName: 'orders',
      RetentionPeriodHours: 48,
    });
    lab.put(10);
    lab.emulator.clock.advance(40 * HOUR_MS);
    const run = lab.start(mode, { untilCaughtUp: true });
    expect(await run.ended).toBe('drained');
    expect(run.count('data_gaps')).toBe(0);
    expect(lab.report()).toEqual(cleanReport(110));
  });

  it('are told from a row that names no time, as those of KCL workers: a warning and a count, nothing else', async () => {
    await readAll(mode);
    lab.emulator.dynamodb.invoke('UpdateItem', {
      TableName: 'app',
      Key: { leaseKey: { S: ZERO } },
      UpdateExpression: 'REMOVE caughtUpAt',
    });
    lab.emulator.clock.advance(26 * HOUR_MS);
    lab.put(60);
    const run = lab.start(mode, { untilCaughtUp: true });
    expect(await run.ended).toBe('drained');
    expect(run.count('data_gaps', 'UNKNOWN')).toBe(1);
    expect(gapsIn(run.warnings)).toHaveLength(1);
    expect(lab.report()).toEqual(cleanReport(160));
  });

  it('do not let a row that a KCL worker has held since speak for it', async () => {
    await readAll(mode);
    lab.emulator.dynamodb.invoke('UpdateItem', {
      TableName: 'app',
      Key: { leaseKey: { S: ZERO } },
      UpdateExpression: 'SET leaseOwner = :java ADD leaseCounter :one',
      ExpressionAttributeValues: { ':java': { S: 'java' }, ':one': { N: '1' } },
    });
    lab.emulator.clock.advance(26 * HOUR_MS);
    const run = lab.start({ ...mode, failoverTime: 1000 }, { untilCaughtUp: true });
    expect(await run.ended).toBe('drained');
    expect(run.count('data_gaps', 'UNKNOWN')).toBe(1);
    expect(run.count('data_gaps')).toBe(1);
  });
});

describe('where reading begins', () => {
  it('nothing is lost at TRIM_HORIZON, whatever was trimmed before', async () => {
    lab = await SourceLab.open(2);
    lab.put(50);
    lab.emulator.clock.advance(30 * HOUR_MS);
    lab.put(50);
    const run = lab.start({}, { untilCaughtUp: true });
    expect(await run.ended).toBe('drained');
    expect(run.count('data_gaps')).toBe(0);
  });

  it('a startAtTime older than the retention is a warning at the first start, not the end', async () => {
    lab = await SourceLab.open(1);
    const startAtTime = lab.emulator.clock.now();
    lab.put(50);
    lab.emulator.clock.advance(30 * HOUR_MS);
    lab.put(50);
    const run = lab.start(
      { initialPositionInStream: 'AT_TIMESTAMP', startAtTime: startAtTime - HOUR_MS },
      { untilCaughtUp: true },
    );
    expect(await run.ended).toBe('drained');
    expect(run.count('data_gaps', 'START')).toBe(1);
    expect(gapsIn(run.warnings)).toHaveLength(1);
    expect(lab.report()).toMatchObject({ lost: numbered(0, 50), arrived: 50 });
  });

  it('a LATEST that was frozen, and trimmed before it was read from, ends the source', async () => {
    lab = await SourceLab.open(1);
    const latest = { initialPositionInStream: 'LATEST' };
    expect(await lab.start(latest, { untilCaughtUp: true }).ended).toBe('drained');
    lab.put(50);
    lab.emulator.clock.advance(30 * HOUR_MS);
    lab.put(50);
    const run = lab.start(latest, { untilCaughtUp: true });
    await expect(run.ended).rejects.toMatchObject({ code: 'SOURCE_DATA_LOSS' });
    expect(run.count('data_gaps', 'TRIMMED')).toBe(1);
  });
});

describe('shards that were split while the source was down', () => {
  it('a shard that vanished unread ends the source; with continue each one is counted, and its children too', async () => {
    await readAll({});
    lab.put(40);
    lab.split(0);
    lab.emulator.clock.advance(26 * HOUR_MS);
    lab.put(60);
    const failed = lab.start({}, { untilCaughtUp: true });
    await expect(failed.ended).rejects.toMatchObject({
      code: 'SOURCE_DATA_LOSS',
      found: expect.stringContaining('no longer listed'),
    });
    expect(failed.count('data_gaps', 'VANISHED')).toBe(1);
    expect(checkpoints()).toEqual([expect.stringMatching(/^\d+$/)]);
    const run = lab.start({ onDataLoss: 'continue' }, { untilCaughtUp: true });
    expect(await run.ended).toBe('drained');
    expect(run.count('data_gaps', 'VANISHED')).toBe(1);
    expect(lab.report()).toMatchObject({ lost: numbered(100, 40), duplicated: [], outOfOrder: [] });
  });

  it('a child that was born and never begun is known to be unread since the end of its parent', async () => {
    lab = await SourceLab.open(1);
    lab.put(20);
    lab.split(0);
    // Only the parent is read; its children have rows.
    const onlyParent = { shardIds: [ZERO] };
    expect(await lab.start(onlyParent, { untilCaughtUp: true }).ended).toBe('drained');
    expect(checkpoints().sort()).toEqual(['SHARD_END', 'TRIM_HORIZON', 'TRIM_HORIZON']);
    const before = lab.putCount;
    lab.put(40);
    lab.emulator.clock.advance(26 * HOUR_MS);
    lab.put(10);
    await expect(lab.start({}, { untilCaughtUp: true }).ended).rejects.toMatchObject({
      code: 'SOURCE_DATA_LOSS',
    });
    const run = lab.start({ onDataLoss: 'continue' }, { untilCaughtUp: true });
    expect(await run.ended).toBe('drained');
    expect(run.count('data_gaps', 'TRIMMED')).toBe(2);
    expect(lab.report()).toMatchObject({ lost: numbered(before, 40) });
  });
});
