import { NO_METRICS } from '../../../src/io';
import { HeldLease } from '../../../src/lease/held-lease';
import { LeaseMetrics } from '../../../src/lease/lease-metrics';
import { LeaseTable } from '../../../src/lease/lease-table';
import type { RowNumbering } from '../../../src/lease/row-numbering';
import { namesOfOne } from '../../../src/lease/shard-names';
import { openLeaseTable } from '../../../src/lease/table-opening';
import { instantOf } from '../../../src/lease/validity';
import { RecordNumbering } from '../../../src/source/record-numbering';
import { TRIM_HORIZON } from '../../../src/stream/extended-sequence-number';
import { Gate } from '../../../src/util/gate';
import { silentLogger } from '../../../src/util/logger';
import { seededRandom } from '../../../src/util/random';
import { DEFAULT_TABLE } from '../../support/lease-defaults';
import { LossyDynamo } from '../../support/lossy-dynamo';
import { ManualClock } from '../../support/manual-clock';
import { modelDynamo } from '../../support/model-dynamo';

const never = new AbortController().signal;

interface Lab {
  readonly clock: ManualClock;
  readonly dynamo: LossyDynamo;
  readonly held: HeldLease;
  readonly row: () => Promise<RowNumbering | undefined>;
}

/** One lease that is held, and its row. */
async function open(): Promise<Lab> {
  const clock = new ManualClock();
  const dynamo = new LossyDynamo(modelDynamo(clock));
  const table = new LeaseTable('app', dynamo);
  const retry = { clock, random: seededRandom(7), bounds: { initialMs: 100, maxMs: 1000 } };
  await clock.run(
    openLeaseTable({ dynamo, tableName: 'app', retry, settings: DEFAULT_TABLE, logger: silentLogger }, never),
  );
  const shardId = 'shardId-000000000000';
  await table.create(
    {
      shardId,
      checkpoint: TRIM_HORIZON,
      parentShardIds: [],
      hashRange: undefined,
      startAt: undefined,
      streamArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/orders',
    },
    never,
  );
  const get = () => table.get(shardId, never);
  const since = instantOf(clock);
  const found = await get();
  if (found === undefined) {
    throw new Error('the row is gone');
  }
  const held = new HeldLease(await table.take(found, 'a', undefined, never), since, {
    table,
    worker: 'a',
    failoverTime: 10_000,
    retry,
    gate: new Gate(20),
    metrics: new LeaseMetrics({ metrics: NO_METRICS, clock, stream: 'orders', worker: 'a' }),
    names: namesOfOne('orders'),
  });
  return { clock, dynamo, held, row: async () => (await get())?.numbering };
}

const numbering = (generation: string, partitions = 2): RowNumbering => ({
  generation,
  ordinal: 0,
  at: TRIM_HORIZON,
  firstSequence: '7',
  spread: { topic: 'orders', partitions },
});

const code = (work: Promise<void>): Promise<string> =>
  work.then(
    () => 'stored',
    (error) => error.code,
  );

test('a renewal under way says nothing of numbers that begin now: another write does', async () => {
  const { held, dynamo, row } = await open();
  const writes = dynamo.writes;
  const renewal = held.renew();
  await Promise.all([renewal, held.number(numbering('g1'))]);
  expect(dynamo.writes).toBe(writes + 2);
  expect(await row()).toEqual(numbering('g1'));
});

test('numbers that others take the place of before they are stored are not written again and again', async () => {
  const { held, clock, dynamo, row } = await open();
  dynamo.next('lost');
  const first = code(held.number(numbering('g1')));
  const second = code(held.number(numbering('g1', 4)));
  expect(await clock.run(Promise.all([first, second]))).toEqual(['ILLEGAL_STATE', 'stored']);
  expect(await row()).toEqual(numbering('g1', 4));
});

test('numbers that were given up are never stored again', async () => {
  const { held, clock, dynamo, row } = await open();
  await held.number(numbering('g1'));
  dynamo.next('lost');
  const grown = code(held.number(numbering('g1', 4)));
  const givenUp = code(held.number('NONE'));
  expect(await clock.run(Promise.all([grown, givenUp]))).toEqual(['ILLEGAL_STATE', 'stored']);
  expect(await code(held.number(numbering('g1', 8)))).toBe('ILLEGAL_STATE');
  await held.evict();
  expect(await row()).toBeUndefined();
});

test('a reader that takes the place of one that was settling goes on with the same numbers', async () => {
  const { held, clock, dynamo, row } = await open();
  const begun: string[] = [];
  const records = new RecordNumbering({
    lease: held,
    name: 'app/shard',
    enablesDeduplication: false,
    random: seededRandom(3),
    logger: silentLogger,
    onGeneration: (reason) => begun.push(reason),
  });
  dynamo.next('lost');
  await clock.run(Promise.all([records.settle('7'), records.settle('7')]));
  expect(begun).toEqual(['NEW']);
  expect(records.producerName).toBe(`app/shard/${(await row())?.generation}`);
});
