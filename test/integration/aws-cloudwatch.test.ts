import { mayHaveTakenEffect } from '../../src/aws/classify';
import { createMetricDataApi } from '../../src/aws/cloudwatch-client';
import { type Emulator, type Fault, startEmulator } from '../../src/emulator';
import type { ErrorCode } from '../../src/errors';
import type { MetricDataApi, MetricDatum } from '../../src/metrics/metric-data-api';
import { systemClock } from '../../src/util/clock';
import { awsSettings } from '../support/aws-settings';

let emulator: Emulator;
let api: MetricDataApi & { close(): void };
beforeEach(async () => {
  emulator = await startEmulator();
  const { kinesisEndpoint: cloudwatch } = emulator;
  const settings = awsSettings(cloudwatch, { endpoints: { cloudwatch }, requestTimeout: 300 });
  api = createMetricDataApi(settings, { clock: systemClock });
});
afterEach(async () => {
  api.close();
  await emulator.close();
});

const datum = (shard: number): MetricDatum => ({
  name: 'MillisBehindLatest',
  dimensions: [
    { name: 'Operation', value: 'ProcessTask' },
    { name: 'ShardId', value: `shardId-${String(shard).padStart(12, '0')}` },
  ],
  timestamp: emulator.clock.now() - 1_234,
  unit: 'Milliseconds',
  statistics: { count: 3, sum: 10.5, min: 0, max: 7.25 },
});

describe('our client of CloudWatch', () => {
  it.each([
    ['one datum', 1],
    ['the 1,000 data that a request may hold, compressed', 1_000],
  ])('puts %s as they are, to the millisecond', async (_what, count) => {
    const data = Array.from({ length: count }, (_, shard) => datum(shard));
    await api.putMetricData('app', data);
    expect(emulator.cloudwatch.data()).toEqual(
      data.map((one) => ({ ...one, namespace: 'app', resolution: 60 })),
    );
  });

  const error = (type: string, status = 400): Fault => ({ kind: 'error', type, status, message: 'said it' });

  it.each<[string, Fault, ErrorCode, boolean]>([
    ['throttling', error('Throttling'), 'AWS_THROTTLED', false],
    ['a lacking right', error('AccessDenied', 403), 'AWS_ACCESS_DENIED', false],
    ['a failing service', error('InternalServiceFault', 500), 'AWS_UNAVAILABLE', true],
    ['a missing resource', error('ResourceNotFoundException', 404), 'AWS_UNKNOWN', false],
    ['silence', { kind: 'silence', applied: false }, 'AWS_TIMEOUT', true],
    ['a cut connection', { kind: 'disconnect', applied: true }, 'AWS_UNAVAILABLE', true],
  ])('tells %s by its code', async (_what, fault, code, effect) => {
    const rule = emulator.faults.add({ operation: 'PutMetricData', fault });
    const failure = await api.putMetricData('app', [datum(0)]).catch((thrown) => thrown);
    expect(failure).toMatchObject({ code });
    expect(mayHaveTakenEffect(failure)).toBe(effect);
    expect(rule.hits).toBe(1);
  });

  it.each<[string, string, Partial<MetricDatum>]>([
    ['a namespace of AWS', 'AWS/Kinesis', {}],
    ['a nameless metric', 'app', { name: '' }],
    ['NaN', 'app', { statistics: { count: 1, sum: Number.NaN, min: 0, max: 1 } }],
  ])('tells that %s is refused', async (_what, namespace, members) => {
    await expect(api.putMetricData(namespace, [{ ...datum(0), ...members }])).rejects.toMatchObject({
      code: 'AWS_REQUEST_REFUSED',
    });
  });

  it('names the right that it wants', async () => {
    emulator.faults.add({ operation: '*', fault: error('AccessDenied', 403) });
    await expect(api.putMetricData('app', [datum(0)])).rejects.toMatchObject({
      hint: 'Grant cloudwatch:PutMetricData on app to the role in use.',
    });
  });
});
