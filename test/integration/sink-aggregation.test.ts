import { openAggregate } from '../../src/stream/aggregate-reader';
import { cleanReport, SourceLab } from '../support/source-lab';
import { exportMessages } from '../support/topic-export';

const STREAM = 'orders';
const AGGREGATED = { retainOrdering: true, aggregationEnabled: true };

let lab: SourceLab;

afterEach(() => lab.close());

/** Every record of the stream as it is stored. */
function stored(): { readonly shardId: string; readonly data: Buffer }[] {
  const { kinesis } = lab.emulator;
  const { Shards } = kinesis.call('ListShards', { StreamName: STREAM });
  return Shards.flatMap(({ ShardId: shardId }) => {
    const { ShardIterator } = kinesis.call('GetShardIterator', {
      StreamName: STREAM,
      ShardId: shardId,
      ShardIteratorType: 'TRIM_HORIZON',
    });
    const { Records } = kinesis.call('GetRecords', { ShardIterator });
    return Records.map(({ Data }) => ({ shardId, data: Buffer.from(Data, 'base64') }));
  });
}

test('what the sink has packed, the source delivers record by record, once and in order', async () => {
  lab = await SourceLab.open(4);
  await exportMessages(lab.emulator.kinesisEndpoint, STREAM, lab.expect(3000), AGGREGATED);
  expect(stored().length).toBeLessThan(300);
  expect(await lab.start({}, { untilCaughtUp: true }).ended).toBe('drained');
  expect(lab.report()).toEqual(cleanReport(3000));
});

test('frames hold only what belongs to their shard: a source that drops the rest loses nothing', async () => {
  lab = await SourceLab.open(5);
  await exportMessages(lab.emulator.kinesisEndpoint, STREAM, lab.expect(2000, 200), AGGREGATED);
  const run = lab.start({ subRecordFilter: 'drop' }, { untilCaughtUp: true });
  expect(await run.ended).toBe('drained');
  expect(lab.report()).toEqual(cleanReport(2000));
});

test('no record of a frame is larger than aggregationMaxSize, unless it is alone', async () => {
  lab = await SourceLab.open(1);
  const large = { key: 'large', payload: Buffer.alloc(5000, 1) };
  const configs = { ...AGGREGATED, aggregationMaxSize: 1000, aggregationMaxCount: 30 };
  const messages = [...lab.expect(500), large, ...lab.expect(500)];
  await exportMessages(lab.emulator.kinesisEndpoint, STREAM, messages, configs);
  const frames = stored().map(({ data }) => ({ data, records: openAggregate(data)?.count }));
  expect(frames.filter(({ records }) => records === undefined).map(({ data }) => data)).toContainEqual(
    large.payload,
  );
  for (const { data, records } of frames.filter((frame) => frame.records !== undefined)) {
    expect(data.length).toBeLessThan(1000);
    expect(records).toBeLessThanOrEqual(30);
  }
  expect(frames.filter(({ records = 0 }) => records > 10).length).toBeGreaterThan(10);
});
