import { ScanCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { systemClock } from '../../src/util/clock';
import { Application, FAULTLESS } from '../support/interop-application';
import { InteropLab } from '../support/interop-lab';

jest.setTimeout(240_000);

const SHARDS = 4;
const RECORDS = 2_000;

let lab: InteropLab;
let app: Application;

beforeEach(async () => {
  lab = await InteropLab.open();
  app = new Application(lab, 'kcl-3x', SHARDS);
});

afterEach(async () => {
  await app.close();
  await lab.close();
});

test('beside KCL 3.4.2 in its 2.x-compatible mode the shards are shared evenly and nothing is lost', async () => {
  const ours = app.ours('ours');
  await app.until('ours to hold all', async () => (await app.shareOf('ours')) === SHARDS);
  const kcl = await app.kcl('kcl', { version: '3.4.2', 'client-version': 'COMPATIBLE_WITH_2X' });
  await app.until('an even share', async () => {
    const shares = await Promise.all([app.shareOf('ours'), app.shareOf('kcl')]);
    return shares.every((share) => share === SHARDS / 2);
  });
  app.put(RECORDS);
  await app.delivered();
  expect(new Set(app.tally.arrivals.map(({ worker }) => worker))).toEqual(new Set(['ours', 'kcl']));
  expect(await ours.stop('SIGTERM')).toEqual({ code: 0, signal: null });
  await kcl.stop('SIGTERM');
  expect(app.faults()).toEqual(FAULTLESS);
});

test('a live KCL 3.4.2 in 3X mode is refused with exit code 3 and a reason; once it has stopped for a minute ours goes on from its rows', async () => {
  await app.createTable();
  app.put(RECORDS);
  const since = systemClock.monotonic();
  const kcl = await app.kcl('kcl', {
    version: '3.4.2',
    'client-version': '3X',
    'leader-lease': 3_000,
    'leader-heartbeat': 1_000,
  });
  await app.delivered();
  console.info(`3X: all read ${((systemClock.monotonic() - since) / 1000).toFixed(1)} s after the start`);

  const refused = app.ours('refused');
  expect(await refused.end()).toEqual({ code: 3, signal: null });
  expect(refused.log).toContain('LEASE_TABLE_LIVE_3X_FLEET');
  expect(refused.log).toContain('a KCL 3.x fleet in 3X mode works on lease table kcl-3x');
  expect((await app.leases()).map(({ owner }) => owner)).toEqual(Array(SHARDS).fill('kcl'));

  await kcl.stop('SIGTERM');
  await ageReports();
  app.put(RECORDS);
  const ours = app.ours('ours');
  await app.delivered();
  expect(await ours.stop('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(app.faults()).toEqual(FAULTLESS);
  expect(app.tally.duplicates).toBe(0);
});

/** Dates the reports of the fleet's workers back by two minutes by hand, so that the test need not wait. */
async function ageReports(): Promise<void> {
  const TableName = `${app.name}-WorkerMetricStats`;
  const { Items = [] } = await app.dynamo.send(new ScanCommand({ TableName }));
  expect(Items).not.toEqual([]);
  for (const { wid, lut } of Items) {
    await app.dynamo.send(
      new UpdateItemCommand({
        TableName,
        Key: wid === undefined ? {} : { wid },
        UpdateExpression: 'SET lut = :old',
        ExpressionAttributeValues: { ':old': { N: String(Number(lut?.N) - 120) } },
      }),
    );
  }
}
