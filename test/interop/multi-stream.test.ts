import type { Item } from '../../src/aws/dynamo-api';
import { isFinished } from '../../src/lease/lease';
import { middleOf } from '../../src/stream/hash-key';
import { Application, FAULTLESS } from '../support/interop-application';
import { InteropLab } from '../support/interop-lab';

jest.setTimeout(240_000);

const SHARDS = 2;
const RECORDS = 400;
/** What we add to rows; no KCL minds it. */
const OWN_ATTRIBUTES = ['streamArn', 'caughtUpAt'];

let lab: InteropLab;
let app: Application;

beforeEach(async () => {
  lab = await InteropLab.open();
  app = new Application(lab, 'multi-stream', SHARDS, ['orders', 'payments']);
});

afterEach(async () => {
  await app.close();
  await lab.close();
});

const shardId = (number: number) => `shardId-${String(number).padStart(12, '0')}`;

/** Splits shard 0 of that stream, whose parts are 2 and 3; resolves when it is read to its end. */
async function split(stream: string): Promise<void> {
  app.split(shardId(0), middleOf({ start: 0n, end: 2n ** 127n }), stream);
  app.put(RECORDS);
  await app.delivered();
  await app.until(`the end of the parent in ${stream}`, async () => {
    const leases = (await app.leases()).filter((lease) => lease.stream?.split(':')[1] === stream);
    return (
      leases.length === SHARDS + 2 &&
      leases.some((lease) => lease.shardId === shardId(0) && isFinished(lease))
    );
  });
}

const rowsByKey = async () => new Map((await app.rows()).map((row) => [`${row.leaseKey?.S}`, row]));

/** The row of a shard of the stream of that name. */
function rowOf(rows: ReadonlyMap<string, Item>, stream: string, number: number): Item {
  const found = [...rows].find(
    ([key]) => key.split(':')[1] === stream && key.endsWith(`:${shardId(number)}`),
  );
  if (found === undefined) {
    throw new Error(`no row of shard ${number} of ${stream} among ${[...rows.keys()]}`);
  }
  return found[1];
}

/** Names and types of what stands in a row. */
const shapeOf = (row: Item, ...without: readonly string[]) =>
  Object.fromEntries(
    Object.entries(row)
      .filter(([name]) => !without.includes(name))
      .map(([name, value]) => [name, Object.keys(value)]),
  );

/** What says which shard a row is of: it never changes. */
const identityOf = ({
  leaseKey,
  streamName,
  shardId,
  startingHashKey,
  endingHashKey,
  parentShardId,
}: Item) => ({
  leaseKey,
  streamName,
  shardId,
  startingHashKey,
  endingHashKey,
  parentShardId,
});

test('the table of a multi-stream KCL 2.6.0 application is read on by ours with a list of streams, and by the KCL again: nothing is lost, and both write the same rows', async () => {
  app.put(RECORDS);
  const first = await app.kcl('kcl');
  await app.delivered();
  await split('orders');
  // Its graceful shutdown hangs once it has ended a shard.
  await first.stop('SIGKILL');
  const kcl = await rowsByKey();
  expect(kcl.size).toBe(2 * SHARDS + 2);

  const worker = app.ours('ours');
  app.put(RECORDS);
  await app.delivered();
  await split('payments');
  expect(await worker.stop('SIGTERM')).toEqual({ code: 0, signal: null });
  const ours = await rowsByKey();
  expect(ours.size).toBe(2 * SHARDS + 4);

  for (const [key, row] of kcl) {
    expect(identityOf(ours.get(key) ?? {})).toEqual(identityOf(row));
  }
  // A shard that is read, one that has ended, and the two parts of that: of `orders` by the KCL, of `payments` by ours.
  for (const number of [1, 0, 2, 3]) {
    const [theirs, own] = [rowOf(kcl, 'orders', number), rowOf(ours, 'payments', number)];
    expect(shapeOf(own, ...OWN_ATTRIBUTES)).toEqual(shapeOf(theirs, 'leaseOwner'));
    const key = own.leaseKey?.S ?? '';
    expect(key).toBe(`${own.streamName?.S}:${own.shardId?.S}`);
    expect(theirs.leaseKey?.S).toBe(`${theirs.streamName?.S}:${theirs.shardId?.S}`);
  }
  const [theirParent, ownParent] = [rowOf(kcl, 'orders', 0), rowOf(ours, 'payments', 0)];
  expect(ownParent.checkpoint).toEqual(theirParent.checkpoint);
  expect(ownParent.childShardIds?.SS?.toSorted()).toEqual(theirParent.childShardIds?.SS?.toSorted());
  expect(rowOf(ours, 'payments', 2).parentShardId).toEqual(rowOf(kcl, 'orders', 2).parentShardId);
  expect(rowOf(ours, 'payments', 2).startingHashKey).toEqual(rowOf(kcl, 'orders', 2).startingHashKey);
  expect(rowOf(ours, 'payments', 2).endingHashKey).toEqual(rowOf(kcl, 'orders', 2).endingHashKey);

  const duplicates = app.tally.duplicates;
  app.events.length = 0;
  const again = await app.kcl('again');
  app.put(RECORDS);
  await app.delivered();
  for (const { event, stream, shard, sequence } of app.events) {
    if (event === 'initialized') {
      const row = rowOf(ours, `${stream}`, Number(shard?.slice('shardId-'.length)));
      expect([stream, shard, sequence]).toEqual([stream, shard, row.checkpoint?.S]);
    }
  }
  await again.stop('SIGKILL');
  expect(app.faults()).toEqual(FAULTLESS);
  expect(app.tally.duplicates).toBe(duplicates);
});
