import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Item } from '../../src/aws/dynamo-api';
import { decodeLease } from '../../src/lease/serializer';
import { compare, TRIM_HORIZON } from '../../src/stream/extended-sequence-number';
import { middleOf } from '../../src/stream/hash-key';
import { Application, FAULTLESS } from '../support/interop-application';
import { InteropLab } from '../support/interop-lab';
import { COMMAND } from '../support/interop-worker';

jest.setTimeout(240_000);

const ROOT = resolve(__dirname, '../..');
const SHARDS = 2;
const RECORDS = 400;
const FIRST = 'shardId-000000000000';

const APPLICATIONS: readonly (readonly [string, readonly string[]])[] = [
  ['one', ['stream']],
  ['two', ['orders', 'payments']],
];

let lab: InteropLab;
const applications = new Map<string, Application>();

/** Has a KCL read through the end of a shard of the first stream, and on to the middle of the rest. */
async function read(app: Application, [stream]: readonly string[]): Promise<void> {
  app.put(RECORDS);
  const kcl = await app.kcl('kcl', { 'checkpoint-records': 30 });
  await app.delivered();
  app.split(FIRST, middleOf({ start: 0n, end: 2n ** 127n }), stream);
  app.put(5 * RECORDS);
  await app.arrived(3 * RECORDS);
  await kcl.stop('SIGKILL');
}

beforeAll(async () => {
  lab = await InteropLab.open();
  // At a time: on an empty table the KCL waits up to 30 s.
  await Promise.all(
    APPLICATIONS.map(([name, streams]) => {
      const app = new Application(lab, `kcl-${name}`, SHARDS, streams);
      applications.set(name, app);
      return read(app, streams);
    }),
  );
});

afterAll(async () => {
  await Promise.all([...applications.values()].map((app) => app.close()));
  await lab.close();
});

/** `offsets import --from kcl` into the table of the application `to`. @param configs see Application.ours */
async function take(
  app: Application,
  to: string,
  configs: { readonly [option: string]: unknown } = {},
): Promise<void> {
  const file = app.configFile(to, { applicationName: to, ...configs });
  const backup = join(lab.folder, `${to}-backup.json`);
  const flags = ['--from', 'kcl', '--table', app.name, '-c', file, '--yes', '--backup', backup];
  await promisify(execFile)(process.execPath, [COMMAND, 'offsets', 'import', ...flags], { cwd: ROOT });
}

/** What a row says of the position of its shard, and of the shard itself. */
const factsOf = ({
  checkpoint,
  checkpointSubSequenceNumber,
  parentShardId,
  childShardIds,
  startingHashKey,
  endingHashKey,
}: Item) => ({
  checkpoint,
  checkpointSubSequenceNumber,
  parents: parentShardId?.SS,
  children: childShardIds?.SS?.toSorted(),
  startingHashKey,
  endingHashKey,
});

const namesOf = ({ leaseKey, streamName, shardId }: Item) =>
  [leaseKey?.S, streamName?.S, shardId?.S].join(' ');

const factsByName = (rows: readonly Item[], nameOf: (row: Item) => string | undefined = namesOf) =>
  new Map(rows.map((row) => [nameOf(row), factsOf(row)]));

test.each(APPLICATIONS)(
  'the offsets of a KCL 2.6.0 application of %s stream(s) are imported into another table: ours goes on exactly there, and the table of the KCL is left as it was',
  async (name, streams) => {
    const app = applications.get(name) as Application;
    const source = await app.rows();
    expect(source).toHaveLength(SHARDS * streams.length + 2);
    expect(source.map(({ checkpoint }) => checkpoint?.S)).toContain('SHARD_END');
    expect(app.tally.missingCount).toBeGreaterThan(0);

    const to = `moved-${name}`;
    await take(app, to);
    const moved = await app.rows(to);
    expect(factsByName(moved)).toEqual(factsByName(source));
    expect(moved.filter((row) => 'leaseOwner' in row)).toEqual([]);

    const ours = app.ours('ours', { applicationName: to });
    await app.delivered();
    expect(await ours.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(app.faults()).toEqual(FAULTLESS);
    const positions = new Map(
      source.map((row) => {
        const lease = decodeLease(row);
        const name = lease?.stream === undefined ? '' : `${lease.stream.split(':')[1]}/`;
        return [`${name}${lease?.shardId}`, lease?.checkpoint];
      }),
    );
    const unread = app.sent.flatMap((record, number) =>
      compare(record, positions.get(record.shardId) ?? TRIM_HORIZON) > 0 ? [number] : [],
    );
    const arrivals = app.tally.arrivals.filter(({ worker }) => worker === 'ours');
    expect(arrivals.map(({ number }) => number).sort((a, b) => a - b)).toEqual(unread);

    expect(await app.rows()).toEqual(source);
  },
);

test('a source of one stream takes the rows of that stream out of a table that a KCL 2.6.0 wrote of two, by the names that it gives them', async () => {
  const app = applications.get('two') as Application;
  const source = await app.rows();
  await take(app, 'orders-only', { awsKinesisStreamName: 'orders' });
  const own = source.filter(({ streamName }) => streamName?.S?.split(':')[1] === 'orders');
  expect(own).toHaveLength(SHARDS + 2);
  const expected = factsByName(own, ({ shardId }) => namesOf({ leaseKey: shardId } as Item));
  expect(factsByName(await app.rows('orders-only'))).toEqual(expected);
  expect(await app.rows()).toEqual(source);
});
