import { ConnectorError } from '../../../src/errors';
import { STREAM } from '../../support/lease-lab';
import { SourcesLab } from '../../support/several-sources';
import { ONE, TWO, ZERO } from '../../support/streams-lab';

/** Milliseconds in which a source finds what has come and gone. */
const FOUND = 12_000;

const logOf = (lab: SourcesLab, text: string): string[] => lab.logged.filter((line) => line.startsWith(text));

test('two sources share the shards of three streams, and nothing is lost or repeated when one stops', async () => {
  const lab = new SourcesLab({ [STREAM]: 2, refunds: 3, payments: 1 });
  const names = [STREAM, 'refunds', 'payments'];
  const putAll = (count: number): void => names.forEach((name) => void lab.putRecords(name, count));
  const first = lab.start('a', names);
  putAll(20);
  await lab.clock.advance(3000);
  const second = lab.start('b', names);
  putAll(20);
  await lab.clock.advance(15_000);
  const owners = lab.rows().map(({ leaseOwner }) => String(leaseOwner).slice(0, 1));
  expect([...owners].sort()).toEqual(['a', 'a', 'a', 'b', 'b', 'b']);
  putAll(20);
  await first.stop();
  putAll(20);
  await lab.clock.advance(5000);
  await second.stop();
  for (const name of names) {
    expect(new Set(lab.stored(name)).size).toBe(80);
    expect(lab.stored(name)).toHaveLength(80);
  }
  expect([first.failure, second.failure]).toEqual([undefined, undefined]);
});

test('a pattern reads what matches it; what comes later from its beginning, though the rest began at LATEST', async () => {
  const lab = new SourcesLab({ [STREAM]: 1, 'orders-eu': 1, refunds: 1 });
  lab.putRecords('orders-eu', 5);
  await lab.clock.advance(5000);
  const source = lab.start('a', ['orders-*'], { initialPositionInStream: 'LATEST' });
  await lab.clock.advance(2000);
  lab.putRecords('orders-eu', 7);
  lab.putRecords('refunds', 1);
  lab.create('orders-us', 3);
  lab.putRecords('orders-us', 9);
  await lab.clock.advance(FOUND);
  lab.putRecords('orders-us', 2);
  await lab.clock.advance(3000);
  expect([lab.stored('orders-eu').length, lab.stored('orders-us').length]).toEqual([7, 11]);
  expect(lab.stored('refunds')).toEqual([]);
  expect(lab.stored(STREAM)).toEqual([]);
  expect(logOf(lab, 'a stream has come')).toEqual([expect.stringContaining('stream/orders-us')]);
  await source.stop();
  expect(source.failure).toBeUndefined();
});

test('a split in one stream is followed there, each key in order, and the others are read as before', async () => {
  const lab = new SourcesLab({ [STREAM]: 1, refunds: 1 });
  const source = lab.start('a', [STREAM, 'refunds']);
  lab.putRecords('refunds', 30);
  await lab.clock.advance(2000);
  lab.kinesis.model.call('SplitShard', {
    StreamName: 'refunds',
    ShardToSplit: ZERO,
    NewStartingHashKey: (2n ** 127n).toString(),
  });
  lab.putRecords('refunds', 30);
  lab.putRecords(STREAM, 10);
  await lab.clock.advance(5000);
  const inOrder = (keys: ReadonlyMap<string, number[]>): boolean =>
    [...keys.values()].every((numbers) => numbers.every((n, i) => i === 0 || n > (numbers[i - 1] ?? 0)));
  const byKey = new Map<string, number[]>();
  for (const { key = '', value } of lab.broker.messages('topic')) {
    const numbers = byKey.get(key) ?? [];
    numbers.push(Number(Buffer.from(value).toString().split(' ')[1]));
    byKey.set(key, numbers);
  }
  expect([lab.stored('refunds').length, lab.stored(STREAM).length, inOrder(byKey)]).toEqual([60, 10, true]);
  expect(
    lab.rowsOf('refunds').map(({ shardId, checkpoint }) => [shardId, checkpoint === 'SHARD_END']),
  ).toEqual([
    [ZERO, true],
    [ONE, false],
    [TWO, false],
  ]);
  expect(lab.rowsOf(STREAM)).toHaveLength(1);
  await source.stop();
  expect(source.failure).toBeUndefined();
});

test('a pattern that matches nothing yet is ready, says so, and waits', async () => {
  const lab = new SourcesLab({ [STREAM]: 1 });
  const source = lab.start('a', 'refunds-?');
  await lab.clock.advance(5000);
  expect(logOf(lab, 'no stream matches yet')).toHaveLength(1);
  lab.create('refunds-1', 1);
  lab.putRecords('refunds-1', 3);
  await lab.clock.advance(FOUND + 3000);
  expect(lab.stored('refunds-1')).toHaveLength(3);
  await source.stop();
  expect(source.failure).toBeUndefined();
});

test('a stream found by a pattern that is deleted ends alone: what was read is delivered, its rows go', async () => {
  const lab = new SourcesLab({ [STREAM]: 1, 'orders-eu': 2 });
  const source = lab.start('a', ['*'], {
    failoverTime: 2000,
    leasesRecoveryAuditorExecutionFrequencyMillis: 10_000,
  });
  lab.putRecords('orders-eu', 10);
  await lab.clock.advance(5000);
  const rows = lab.rowsOf('orders-eu').length;
  lab.delete('orders-eu');
  await lab.clock.advance(FOUND + 5000);
  lab.putRecords(STREAM, 4);
  await lab.clock.advance(2000);
  expect([rows, lab.stored('orders-eu').length, lab.stored(STREAM).length]).toEqual([2, 10, 4]);
  expect(logOf(lab, 'the stream was deleted')).toHaveLength(1);
  const left = () => lab.rows().filter(({ streamName }) => String(streamName).includes(':orders-eu:'));
  expect(left().map(({ checkpoint }) => checkpoint)).toEqual(['SHARD_END', 'SHARD_END']);
  await lab.clock.advance(100_000);
  expect(left()).toEqual([]);
  expect(logOf(lab, 'no lease covers')).toEqual([]);
  await source.stop();
  expect(source.failure).toBeUndefined();
});

test('a stream found by a pattern that is made anew is read from its beginning, once all of the old one is delivered', async () => {
  const lab = new SourcesLab({ [STREAM]: 1, 'orders-eu': 1 });
  const source = lab.start('a', ['orders-*'], { initialPositionInStream: 'LATEST' });
  await lab.clock.advance(2000);
  lab.broker.behaviour.latencyMs = 20_000;
  lab.putRecords('orders-eu', 3);
  await lab.clock.advance(2000);
  lab.delete('orders-eu');
  await lab.clock.advance(1500);
  lab.create('orders-eu', 2);
  lab.putRecords('orders-eu', 4);
  await lab.clock.advance(FOUND);
  expect(lab.rowsOf('orders-eu')).toEqual([]);
  lab.broker.behaviour.latencyMs = 0;
  await lab.clock.advance(5 * FOUND);
  expect(lab.stored('orders-eu').sort()).toEqual([0, 1, 2, 3, 4, 5, 6].map((n) => `orders-eu ${n}`));
  expect(lab.rowsOf('orders-eu')).toHaveLength(2);
  await source.stop();
  expect(source.failure).toBeUndefined();
});

test('a stream that a pattern matches and that is named as well, by name or ARN, is read once', async () => {
  const lab = new SourcesLab({ [STREAM]: 1, refunds: 1, payments: 1 });
  const arn = 'arn:aws:kinesis:us-east-1:000000000000:stream/refunds';
  const source = lab.start('a', [STREAM, arn, '*']);
  for (const name of [STREAM, 'refunds', 'payments']) {
    lab.putRecords(name, 2);
  }
  await lab.clock.advance(FOUND + 3000);
  expect(lab.broker.messages('topic')).toHaveLength(6);
  expect(lab.rows()).toHaveLength(3);
  await source.stop();
  expect(source.failure).toBeUndefined();
});

test('a stream listed by its name that is deleted ends the source, which names it', async () => {
  const lab = new SourcesLab({ [STREAM]: 1, refunds: 1 });
  const source = lab.start('a', [STREAM, 'refunds']);
  await lab.clock.advance(3000);
  lab.delete('refunds');
  await lab.clock.advance(5000);
  expect(source.failure).toMatchObject({
    code: 'KINESIS_STREAM_NOT_FOUND',
    message: expect.stringContaining('refunds'),
  });
});

describe('when looking for streams fails', () => {
  test('for a while, what is read is read on, and what has come is read once it can be', async () => {
    const lab = new SourcesLab({ [STREAM]: 1 });
    const source = lab.start('a', '*');
    await lab.clock.advance(2000);
    lab.refusal = (action) =>
      action === 'listStreams' ? new ConnectorError('AWS_UNAVAILABLE', 'not now') : undefined;
    lab.create('refunds', 1);
    await lab.clock.advance(FOUND);
    lab.refusal = (action, stream) =>
      action === 'listShards' && stream === 'refunds'
        ? new ConnectorError('KINESIS_LISTING_INCONSISTENT', 'a reshard is under way')
        : undefined;
    await lab.clock.advance(5 * FOUND);
    lab.refusal = () => undefined;
    lab.putRecords(STREAM, 3);
    lab.putRecords('refunds', 4);
    await lab.clock.advance(5 * FOUND);
    expect([lab.stored(STREAM).length, lab.stored('refunds').length]).toEqual([3, 4]);
    expect(logOf(lab, 'looking for streams failed').length).toBeGreaterThan(1);
    await source.stop();
    expect(source.failure).toBeUndefined();
  });

  test('for want of a permission, the source ends and says so', async () => {
    const lab = new SourcesLab({ [STREAM]: 1 });
    lab.refusal = (action) =>
      action === 'listStreams' ? new ConnectorError('AWS_ACCESS_DENIED', 'kinesis:ListStreams') : undefined;
    const source = lab.start('a', '*');
    await lab.clock.advance(1000);
    expect(source.failure).toMatchObject({ code: 'AWS_ACCESS_DENIED' });
  });

  test('for want of one on a stream that has come, the source ends and names it', async () => {
    const lab = new SourcesLab({ [STREAM]: 1 });
    const source = lab.start('a', '*');
    await lab.clock.advance(2000);
    lab.refusal = (action, stream) =>
      action === 'listShards' && stream === 'refunds'
        ? new ConnectorError('AWS_ACCESS_DENIED', 'kinesis:ListShards on refunds')
        : undefined;
    lab.create('refunds', 1);
    await lab.clock.advance(FOUND);
    expect(source.failure).toMatchObject({
      code: 'AWS_ACCESS_DENIED',
      message: expect.stringContaining('refunds'),
    });
  });
});

test('a source has caught up when it has with every stream', async () => {
  const lab = new SourcesLab({ [STREAM]: 2, refunds: 1 });
  lab.putRecords(STREAM, 30);
  lab.putRecords('refunds', 10);
  const source = lab.start('a', [STREAM, 'refunds']);
  await lab.clock.advance(100);
  let storedThen = 0;
  const caughtUp = source.source.whenCaughtUp().then(() => {
    storedThen = lab.stored(STREAM).length + lab.stored('refunds').length;
  });
  await lab.clock.run(caughtUp);
  expect(storedThen).toBe(40);
  await source.stop();
});

test('streams of one name are told apart by account and region', async () => {
  const lab = new SourcesLab({ [STREAM]: 1 });
  const arn = `arn:aws:kinesis:eu-west-1:111111111111:stream/${STREAM}`;
  const caller = { account: '111111111111', region: 'eu-west-1' };
  lab.kinesis.model.call('CreateStream', { StreamName: STREAM, ShardCount: 1 }, caller);
  const source = lab.start('a', [STREAM, arn]);
  await lab.clock.advance(3000);
  const taken = logOf(lab, 'lease taken');
  expect(taken).toHaveLength(2);
  expect(lab.rows().map(({ leaseKey }) => String(leaseKey).split(':')[0])).toEqual([
    '000000000000',
    '111111111111',
  ]);
  expect(lab.rows().every(({ shardId }) => shardId === ZERO)).toBe(true);
  await source.stop();
  expect(source.failure).toBeUndefined();
});
