import { cleanReport, SourceLab } from '../support/source-lab';

const HOUR_MS = 3_600_000;
const CONTINUE = { onDataLoss: 'continue' };

let lab: SourceLab;

afterEach(() => lab.close());

/** Reads everything, stops, and returns the ids of the shards read. */
async function readOnce(records: number): Promise<string[]> {
  lab = await SourceLab.open(2);
  lab.put(records);
  expect(await lab.start({}, { untilCaughtUp: true }).ended).toBe('drained');
  return lab.openShards().map(({ ShardId }) => ShardId);
}

function splitAll(): void {
  for (const _ of lab.openShards()) {
    lab.split(0);
  }
}

const vanished = (warnings: readonly string[]) =>
  warnings.filter((line) => line.includes('"reason":"VANISHED"'));

function checkpointOf(shardId: string): string | undefined {
  return lab.rows().find(({ leaseKey }) => leaseKey?.S === shardId)?.checkpoint?.S;
}

describe('a source that was down for longer than the retention, across a reshard', () => {
  it('warns once for each shard that is gone, and goes on with its descendants', async () => {
    const parents = await readOnce(100);
    lab.put(40);
    splitAll();
    lab.emulator.clock.advance(26 * HOUR_MS);
    lab.put(60);
    const run = lab.start(CONTINUE);
    await lab.stored(160);
    lab.split(0);
    lab.put(50);
    await lab.stored(210);
    expect(await run.stop()).toBe('drained');
    expect(parents.map(checkpointOf)).toEqual(['SHARD_END', 'SHARD_END']);
    expect(vanished(run.warnings)).toHaveLength(2);
    const unread = Array.from({ length: 40 }, (_, n) => 100 + n);
    expect(lab.report()).toMatchObject({ lost: unread, duplicated: [], outOfOrder: [] });
  });

  it('loses nothing when everything had been read before', async () => {
    await readOnce(100);
    splitAll();
    lab.emulator.clock.advance(26 * HOUR_MS);
    lab.put(60);
    const run = lab.start(CONTINUE, { untilCaughtUp: true });
    expect(await run.ended).toBe('drained');
    expect(vanished(run.warnings)).toHaveLength(2);
    expect(lab.report()).toEqual(cleanReport(160));
    const next = lab.start({}, { untilCaughtUp: true });
    expect(await next.ended).toBe('drained');
    expect(vanished(next.warnings)).toEqual([]);
  });

  it('reads what descends from shards that it never saw', async () => {
    await readOnce(100);
    splitAll();
    lab.emulator.clock.advance(HOUR_MS);
    splitAll();
    lab.emulator.clock.advance(26 * HOUR_MS);
    lab.put(60);
    const run = lab.start(CONTINUE, { untilCaughtUp: true });
    expect(await run.ended).toBe('drained');
    expect(lab.report()).toEqual(cleanReport(160));
  });
});
