import { ConnectorError } from '../../../src/errors';
import { evenShards, PutLab, type PutLabOptions, textOf } from '../../support/put-lab';
import type { RequestScript } from '../../support/scripted-put-api';
import { userRecords } from '../../support/user-records';

const labOf = ({ config, ...options }: PutLabOptions = {}): PutLab =>
  new PutLab({ ...options, config: { aggregationEnabled: true, lingerMs: 10_000, ...config } });

/** Texts of the records in each entry of each request. */
const sent = (lab: PutLab): string[][][] =>
  lab.api.requests.map(({ entries }) => entries.map((entry) => userRecords(entry).map(textOf)));

/** How many they are. */
const sizes = (lab: PutLab): number[][] => sent(lab).map((entries) => entries.map((texts) => texts.length));

test('records that are ready together go as one entry a shard, each message acknowledged', async () => {
  const lab = labOf({ shards: 3 });
  await lab.writeAll(Array.from({ length: 90 }, (_, index) => `key-${index}`));
  lab.loop.flush();
  await lab.clock.advance(10);
  expect(lab.api.requests.map(({ entries }) => entries.length)).toEqual([3]);
  expect(lab.api.stored.every(({ delivered }) => delivered)).toBe(true);
  expect(lab.acked).toBe(90);
  expect(lab.metric('sink_records_stored')).toBe(90);
  expect(lab.metric('sink_entries_stored')).toBe(3);
});

test('a record that is alone goes as it is', async () => {
  const lab = labOf();
  await lab.write('k');
  lab.loop.flush();
  expect(lab.api.requests[0]?.entries).toEqual([{ data: Buffer.from('0'), partitionKey: 'k', keyed: true }]);
});

test('a record above aggregationMaxSize goes by itself, between the frames of the others', async () => {
  const lab = labOf({ config: { aggregationMaxSize: 200 } });
  await lab.write('a');
  await lab.write('b');
  await lab.write('large', { bytes: 500 });
  await lab.write('c');
  await lab.write('d');
  lab.loop.flush();
  const [entries = []] = sent(lab);
  expect(entries.map((texts) => texts.length)).toEqual([2, 1, 2]);
});

test('the records of a shard count once against its records a second', async () => {
  const lab = labOf({ config: { rateLimit: 1, lingerMs: 0, maxPendingRecords: 200 } });
  // Ten entries a second.
  void lab.writeAll(Array.from({ length: 400 }, () => undefined));
  await lab.clock.advance(2000);
  expect(lab.api.requests.flatMap(({ entries }) => entries).length).toBeLessThanOrEqual(23);
  expect(lab.acked).toBe(400);
});

test('in order, what waited for a key goes in one frame at its turn, and no second entry has the key', async () => {
  const lab = labOf({ config: { retainOrdering: true } });
  await lab.write('busy');
  lab.loop.flush();
  await lab.writeAll(['busy', 'busy', 'other', 'busy']);
  lab.loop.flush();
  await lab.clock.advance(50);
  expect(sent(lab)).toEqual([[['0']], [['3']], [['1', '2', '4']]]);
  expect(lab.acked).toBe(5);
});

test('in order, records of a key with other explicit hash keys, which may land elsewhere, are not packed together', async () => {
  const lab = labOf({ shards: 2, config: { retainOrdering: true } });
  for (const explicitHashKey of ['0', String(2n ** 128n - 1n), '0']) {
    const record = lab.record('k');
    void lab.loop.add(record, { data: record.value, partitionKey: 'k', keyed: true, explicitHashKey }, 2);
  }
  lab.loop.flush();
  await lab.clock.advance(50);
  expect(sent(lab)).toEqual([[['0']], [['1']], [['2']]]);
  expect(lab.api.stored.map(({ shardId }) => shardId)).toEqual(['shard-0', 'shard-1', 'shard-0']);
});

test('a refused frame comes again, the records of each key in their order', async () => {
  const lab = labOf({ config: { retainOrdering: true } });
  const refusals = ['InternalFailure', 'ProvisionedThroughputExceededException'];
  lab.api.onEntry = () => refusals.shift();
  await lab.writeAll(['a', 'b', 'a', 'b', 'a']);
  lab.loop.flush();
  await lab.clock.advance(2000);
  expect(sent(lab)).toEqual(Array.from({ length: 3 }, () => [['0', '2', '4', '1', '3']]));
  expect(lab.acked).toBe(5);
});

describe('a frame on a shard where not all of it belongs', () => {
  const split = async (config: PutLabOptions['config'] = {}): Promise<PutLab> => {
    const lab = labOf({ config });
    lab.api.shards = evenShards(2, 'child');
    // The listing takes its time: until then the sink knows the parent only.
    lab.api.listingError = new ConnectorError('AWS_UNAVAILABLE', 'HTTP 503');
    await lab.writeAll(Array.from({ length: 20 }, (_, index) => `key-${index % 10}`));
    lab.loop.flush();
    return lab;
  };

  test('is not stored: its records are acknowledged when each of them lies where readers look', async () => {
    const lab = await split();
    const delivered = (): Set<string> =>
      new Set(lab.api.stored.filter((record) => record.delivered).map(({ text }) => text));
    for (let ms = 0; ms < 100; ms++) {
      await lab.clock.advance(1);
      expect(lab.acked).toBeLessThanOrEqual(delivered().size);
    }
    expect(lab.acked).toBe(20);
    expect(delivered().size).toBe(20);
    expect(lab.metric('sink_records_misplaced')).toBe(20);
  });

  test('comes again one by one until the shards are listed, and in frames from then on', async () => {
    const lab = await split();
    await lab.clock.advance(100);
    expect(sent(lab).map((entries) => entries.map((texts) => texts.length))).toEqual([
      [20],
      Array(20).fill(1),
    ]);
    const before = lab.api.requests.length;
    await lab.writeAll(['a', 'b', 'c', 'd', 'e', 'f']);
    lab.loop.flush();
    await lab.clock.advance(100);
    expect(sizes(lab).slice(before).flat()).toEqual(Array(6).fill(1));
    lab.api.listingError = undefined;
    await lab.clock.advance(11_000);
    const listed = lab.api.requests.length;
    await lab.writeAll(['a', 'b', 'c', 'd', 'e', 'f']);
    lab.loop.flush();
    await lab.clock.advance(100);
    expect(Math.max(...sizes(lab).slice(listed).flat())).toBeGreaterThan(1);
    expect(lab.acked).toBe(32);
  });

  test('keeps the order of each key', async () => {
    const lab = await split({ retainOrdering: true });
    await lab.clock.advance(1000);
    for (const texts of lab.api.firstArrivals(lab.api.stored.filter(({ delivered }) => delivered)).values()) {
      expect(texts.map(Number)).toEqual(texts.map(Number).sort((a, b) => a - b));
    }
    expect(lab.acked).toBe(20);
  });
});

test('of an invalid frame only the culprit is given up', async () => {
  const lab = labOf();
  lab.api.onRequest = ({ entries }): RequestScript =>
    entries.flatMap(userRecords).some((record) => textOf(record) === '7')
      ? new ConnectorError('AWS_REQUEST_REFUSED', 'ValidationException')
      : 'answer';
  await lab.writeAll(Array.from({ length: 20 }, (_, index) => `key-${index}`));
  lab.loop.flush();
  await lab.clock.advance(1000);
  expect(lab.acked).toBe(19);
  expect(lab.records[7]?.outcomes).toMatchObject([{ code: 'SINK_RECORD_REFUSED' }]);
});

test('a record that has waited for longer than recordTtl behind its key is not sent in a frame', async () => {
  const lab = labOf({ requestTimeout: 5000, config: { retainOrdering: true, recordTtl: 1000, lingerMs: 0 } });
  lab.api.latencyMs = 1500;
  await lab.write('k');
  await lab.writeAll(['k', 'k']);
  await lab.clock.advance(1000);
  await lab.write('k');
  await lab.clock.advance(5000);
  expect(sent(lab)).toEqual([[['0']], [['3']]]);
  expect(lab.records.map(({ outcomes }) => (outcomes[0] === 'acked' ? 'acked' : 'expired'))).toEqual([
    'acked',
    'expired',
    'expired',
    'acked',
  ]);
});
