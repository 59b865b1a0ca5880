import { SourceLab } from '../support/source-lab';

const ELSEWHERE = { account: '111111111111', region: 'eu-west-1' };

let lab: SourceLab;

afterEach(() => lab.close());

function put(stream: string, count: number, place = {}): void {
  for (let n = 0; n < count; n++) {
    const Data = Buffer.from(`${stream} ${n}`).toString('base64');
    lab.emulator.kinesis.call('PutRecord', { StreamName: stream, PartitionKey: `key-${n % 5}`, Data }, place);
  }
}

const arrived = (stream: string): number =>
  lab.broker.messages('orders').filter(({ value }) => Buffer.from(value).toString().startsWith(`${stream} `))
    .length;

test('one source reads streams of its own region and of another account in another region, over HTTP', async () => {
  lab = await SourceLab.open(2);
  const { kinesis } = lab.emulator;
  kinesis.call('CreateStream', { StreamName: 'orders-eu', ShardCount: 1 });
  kinesis.call('CreateStream', { StreamName: 'refunds', ShardCount: 3 }, ELSEWHERE);
  put('orders-eu', 100);
  put('refunds', 300, ELSEWHERE);
  const arn = 'arn:aws:kinesis:eu-west-1:111111111111:stream/refunds';
  const run = lab.start({ awsKinesisStreamName: ['orders-*', arn] }, { untilCaughtUp: true });
  expect(await run.ended).toBe('drained');
  expect([arrived('orders-eu'), arrived('refunds')]).toEqual([100, 300]);
  const keys = lab.rows().map(({ leaseKey, streamName, shardId }) => {
    expect(leaseKey?.S).toBe(`${streamName?.S}:${shardId?.S}`);
    return streamName?.S?.split(':').slice(0, 2).join(':');
  });
  expect(keys.sort()).toEqual(['000000000000:orders-eu', ...Array(3).fill('111111111111:refunds')]);
});
