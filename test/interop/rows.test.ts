import { createDynamoApi } from '../../src/aws/dynamo-client';
import { LeaseTable } from '../../src/lease/lease-table';
import type { OwnerChange } from '../../src/lease/owner-writes';
import type { NewLease } from '../../src/lease/serializer';
import { createTableInput } from '../../src/lease/table-definition';
import {
  AT_TIMESTAMP,
  extendedSequenceNumber,
  LATEST,
  SHARD_END,
  TRIM_HORIZON,
} from '../../src/stream/extended-sequence-number';
import { sleep, systemClock } from '../../src/util/clock';
import { awsSettings } from '../support/aws-settings';
import { Application } from '../support/interop-application';
import { InteropLab } from '../support/interop-lab';
import type { KclOptions } from '../support/interop-worker';
import { DEFAULT_TABLE } from '../support/lease-defaults';

jest.setTimeout(180_000);

const SHARDS = 8;
const DEAD = 'ours-0-host-dead';
const OTHER = 'ours-0-host-other';
/** What the KCL says about a row that it cannot read, and about anything it gives up. */
const UNREADABLE = /NullPointer|NumberFormat|IllegalArgument|DependencyException|InvalidState|ERROR/;
const { signal } = new AbortController();

const shardId = (number: number) => `shardId-${String(number).padStart(12, '0')}`;

let lab: InteropLab;
let app: Application;
let dynamo: ReturnType<typeof createDynamoApi>;

beforeEach(async () => {
  lab = await InteropLab.open();
  app = new Application(lab, 'rows', SHARDS);
  dynamo = createDynamoApi(awsSettings(lab.dynamodbEndpoint), { clock: systemClock });
});

afterEach(async () => {
  await app.close();
  dynamo.close();
  await lab.close();
});

const listed = () => lab.emulator.kinesis.call('ListShards', { StreamName: app.name }).Shards;

/** Splits shard 0, whose parts are 8 and 9, and has the stream forget it; then shard 7, into 10 and 11. */
async function reshard(): Promise<void> {
  const split = (number: number) => {
    const { StartingHashKey, EndingHashKey } = listed().find(({ ShardId }) => ShardId === shardId(number))
      ?.HashKeyRange ?? { StartingHashKey: '0', EndingHashKey: '0' };
    app.split(shardId(number), (BigInt(StartingHashKey) + BigInt(EndingHashKey)) / 2n + 1n);
  };
  split(0);
  lab.emulator.kinesis.retain(app.name, 1);
  await app.until('the first shard to be forgotten', () =>
    listed().every(({ ShardId }) => ShardId !== shardId(0)),
  );
  lab.emulator.kinesis.retain(app.name, 86_400_000);
  split(7);
}

/** A table with a row of every kind that a worker of ours leaves behind, written as it writes them. */
async function writeRows(startAt: number): Promise<void> {
  await dynamo.createTable(createTableInput(app.name, DEFAULT_TABLE), { signal });
  const table = new LeaseTable(app.name, dynamo);
  const { StreamDescriptionSummary } = lab.emulator.kinesis.call('DescribeStreamSummary', {
    StreamName: app.name,
  });
  const row = async (number: number, more: Partial<NewLease> = {}) => {
    const range = listed().find(({ ShardId }) => ShardId === shardId(number))?.HashKeyRange;
    const made = await table.create(
      {
        shardId: shardId(number),
        checkpoint: TRIM_HORIZON,
        parentShardIds: [],
        hashRange: range && { startingHashKey: range.StartingHashKey, endingHashKey: range.EndingHashKey },
        startAt: undefined,
        streamArn: StreamDescriptionSummary.StreamARN,
        ...more,
      },
      signal,
    );
    if (made === undefined) {
      throw new Error(`there was a row of ${shardId(number)}`);
    }
    return made;
  };
  const held = async (number: number, ...changes: OwnerChange[]) => {
    let lease = await table.take(await row(number), DEAD, undefined, signal);
    for (const change of changes) {
      lease = await table.write(lease.shardId, { owner: DEAD, counter: lease.counter }, change, signal);
    }
    return { ...lease, owner: DEAD };
  };
  const ask = async (number: number) => table.ask(await held(number), OTHER, `request-${number}`, signal);
  const first = app.sent.find((record) => record.shardId === shardId(3))?.sequenceNumber ?? '';

  // The anchor of LATEST, of a shard that is not listed any more: born finished.
  await row(0, { checkpoint: SHARD_END, startAt, anchor: true, hashRange: undefined });
  await row(1, { checkpoint: LATEST, startAt });
  await row(2, { checkpoint: AT_TIMESTAMP, startAt });
  await held(3, { checkpoint: extendedSequenceNumber(first, 0), caughtUpAt: startAt });
  await ask(4);
  await ask(5);
  const asked = await table.get(shardId(5), signal);
  await table.write(
    shardId(5),
    { owner: DEAD, counter: asked?.counter ?? -1 },
    { draining: 'request-5' },
    signal,
  );
  await ask(6);
  const drained = await table.get(shardId(6), signal);
  await table.write(shardId(6), { owner: DEAD, counter: drained?.counter ?? -1 }, { release: true }, signal);
  await held(7, { checkpoint: SHARD_END, childShardIds: [shardId(10), shardId(11)] });
  await row(8);
  await row(9);
  await row(10, { parentShardIds: [shardId(7)] });
  await row(11, { parentShardIds: [shardId(7)] });
}

const VERSIONS: readonly [string, KclOptions][] = [
  ['KCL 2.6.0', {}],
  ['KCL 3.4.2', { version: '3.4.2', 'client-version': 'COMPATIBLE_WITH_2X' }],
];

test.each(VERSIONS)(
  '%s reads every kind of row we write, goes on from it, leaves our attributes, and cleans up what is finished',
  async (_title, options) => {
    await sleep(systemClock, 10);
    const startAt = Math.floor(systemClock.now());
    app.put(80);
    await reshard();
    await writeRows(startAt);
    const before = new Map((await app.rows()).map((row) => [row.leaseKey?.S, row]));
    expect(before.get(shardId(0))).toMatchObject({
      anchor: { S: 'startAt' },
      checkpoint: { S: 'SHARD_END' },
    });
    expect(before.get(shardId(4))).toMatchObject({ handoffTo: { S: OTHER }, handoffId: { S: 'request-4' } });
    expect(before.get(shardId(5))).toMatchObject({ draining: { S: 'request-5' }, kind: { S: DEAD } });
    expect(before.get(shardId(6))).toMatchObject({ handoffTo: { S: OTHER } });
    expect(before.get(shardId(6))).not.toHaveProperty('leaseOwner');

    const kcl = await app.kcl('kcl', {
      cleanup: 1_000,
      timestamp: startAt,
      'checkpoint-records': 5,
      ...options,
    });
    const unfinished = [1, 2, 3, 4, 5, 6, 8, 9, 10, 11].map(shardId);
    await app.until('every unfinished lease to be read', () => {
      const initialized = new Set(
        app.events.flatMap(({ event, shard }) => (event === 'initialized' ? [shard] : [])),
      );
      return unfinished.every((shard) => initialized.has(shard));
    });
    for (const { event, shard, sequence } of app.events) {
      if (event === 'initialized') {
        expect([shard, sequence]).toEqual([shard, before.get(shard)?.checkpoint?.S]);
      }
    }
    app.put(400);
    await app.until('the finished leases to be cleaned up', async () => {
      const keys = (await app.rows()).map((row) => row.leaseKey?.S);
      return !keys.includes(shardId(0)) && !keys.includes(shardId(7));
    });
    for (const row of await app.rows()) {
      const { startAt, caughtUpAt, streamArn } = before.get(row.leaseKey?.S) ?? {};
      expect(row).toMatchObject({
        streamArn,
        ...(startAt && { startAt }),
        ...(caughtUpAt && { caughtUpAt }),
      });
    }
    await kcl.stop('SIGKILL');
    expect(kcl.log).not.toMatch(UNREADABLE);
  },
);
