import { isFinished } from '../../src/lease/lease';
import { MAX_HASH_KEY, middleOf } from '../../src/stream/hash-key';
import { Application, FAULTLESS } from '../support/interop-application';
import { InteropLab } from '../support/interop-lab';

jest.setTimeout(180_000);

const [ROOT, LOWER, UPPER, MERGED] = [0, 1, 2, 3].map((number) => `shardId-00000000000${number}`) as [
  string,
  string,
  string,
  string,
];
const RECORDS = 500;

let lab: InteropLab;
let app: Application;

beforeEach(async () => {
  lab = await InteropLab.open();
  app = new Application(lab, 'reshard', 1);
});

afterEach(async () => {
  await app.close();
  await lab.close();
});

const lease = async (shardId: string) => (await app.leases()).find((one) => one.shardId === shardId);

const finished = (...shardIds: string[]) =>
  app.until(`the end of ${shardIds.join(' and ')}`, async () => {
    const leases = await Promise.all(shardIds.map(lease));
    return leases.every((one) => one !== undefined && isFinished(one));
  });

const splitRoot = () => app.split(ROOT, middleOf({ start: 0n, end: MAX_HASH_KEY }));

const workersOf = (shardId: string) => [...new Set(app.tally.ofShard(shardId).map(({ worker }) => worker))];

test('ours reads the parent of a split, KCL 2.6.0 its children and the parents of a merge, ours the merged shard: every key in order, nothing twice', async () => {
  app.put(RECORDS);
  const first = app.ours('first');
  await app.delivered();
  splitRoot();
  await finished(ROOT);
  // As the KCL wants it: the children's rows stand before their parent is finished, and the parent names them.
  expect((await lease(ROOT))?.childShardIds).toEqual([LOWER, UPPER]);
  for (const child of [LOWER, UPPER]) {
    expect(await lease(child)).toMatchObject({
      parentShardIds: [ROOT],
      checkpoint: { sequenceNumber: 'TRIM_HORIZON' },
    });
  }
  expect(await first.stop('SIGTERM')).toEqual({ code: 0, signal: null });

  app.put(RECORDS);
  const kcl = await app.kcl('kcl', { cleanup: 1_000 });
  await app.delivered();
  await app.until('the KCL to delete the finished parent', async () => (await lease(ROOT)) === undefined);
  app.merge(LOWER, UPPER);
  await finished(LOWER, UPPER);
  expect(await lease(MERGED)).toMatchObject({ parentShardIds: expect.arrayContaining([LOWER, UPPER]) });
  // Its graceful shutdown hangs once it has ended a shard.
  await kcl.stop('SIGKILL');

  app.put(RECORDS);
  const second = app.ours('second');
  await app.delivered();
  expect(await second.stop('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(app.faults()).toEqual(FAULTLESS);
  expect(app.tally.duplicates).toBe(0);
  expect([ROOT, LOWER, UPPER, MERGED].map(workersOf)).toEqual([['first'], ['kcl'], ['kcl'], ['second']]);
  expect(await lease(ROOT)).toBeUndefined();
});

test('KCL 2.6.0 reads the parent of a split and ours its children and the parents of a merge, the KCL the merged shard: every key in order, nothing twice', async () => {
  await app.createTable();
  app.put(RECORDS);
  const first = await app.kcl('first');
  await app.delivered();
  splitRoot();
  await finished(ROOT);
  await first.stop('SIGKILL');

  app.put(RECORDS);
  const ours = app.ours('ours');
  await app.delivered();
  app.merge(LOWER, UPPER);
  await finished(LOWER, UPPER);
  expect((await lease(LOWER))?.childShardIds).toEqual([MERGED]);
  expect((await lease(UPPER))?.childShardIds).toEqual([MERGED]);
  expect(await ours.stop('SIGTERM')).toEqual({ code: 0, signal: null });

  app.put(RECORDS);
  await app.kcl('second');
  await app.delivered();
  expect(app.faults()).toEqual(FAULTLESS);
  expect(app.tally.duplicates).toBe(0);
  expect([ROOT, LOWER, UPPER, MERGED].map(workersOf)).toEqual([['first'], ['ours'], ['ours'], ['second']]);
});
