import { createCloudWatchModel } from '../../../src/emulator';

const NOW = Date.UTC(2026, 0, 1, 12);
const HOUR = 3_600_000;
const cloudwatch = () => createCloudWatchModel({ now: () => NOW });
const datum = (members: object = {}) => ({ MetricName: 'Records', Value: 1, ...members });
const put = (model: ReturnType<typeof cloudwatch>, MetricData: unknown, Namespace: unknown = 'app') =>
  model.invoke('PutMetricData', { Namespace, MetricData });

describe('what was put', () => {
  it.each([
    ['a value', { Value: 2.5 }, { count: 1, sum: 2.5, min: 2.5, max: 2.5 }],
    ['values', { Values: [1, 4] }, { count: 2, sum: 5, min: 1, max: 4 }],
    ['values and their counts', { Values: [1, 4], Counts: [3, 0.5] }, { count: 3.5, sum: 5, min: 1, max: 4 }],
    [
      'a set of statistics',
      { StatisticValues: { SampleCount: 3, Sum: 6, Minimum: 1, Maximum: 4 } },
      { count: 3, sum: 6, min: 1, max: 4 },
    ],
  ])('as %s reads back as statistics', (_form, members, statistics) => {
    const model = cloudwatch();
    put(model, [datum({ Value: undefined, ...members })]);
    expect(model.data().map((one) => one.statistics)).toEqual([statistics]);
  });

  it('reads back whole: namespace, name, dimensions, instant, unit, resolution', () => {
    const model = cloudwatch();
    const Dimensions = [
      { Name: 'Operation', Value: 'ProcessTask' },
      { Name: 'ShardId', Value: 'shardId-000000000000' },
    ];
    put(model, [
      datum({ Dimensions, Timestamp: (NOW - HOUR) / 1000, Unit: 'Bytes/Second', StorageResolution: 1 }),
      datum(),
    ]);
    const common = { namespace: 'app', name: 'Records', statistics: { count: 1, sum: 1, min: 1, max: 1 } };
    expect(model.data()).toEqual([
      {
        ...common,
        dimensions: [
          { name: 'Operation', value: 'ProcessTask' },
          { name: 'ShardId', value: 'shardId-000000000000' },
        ],
        timestamp: NOW - HOUR,
        unit: 'Bytes/Second',
        resolution: 1,
      },
      { ...common, dimensions: [], timestamp: NOW, unit: 'None', resolution: 60 },
    ]);
  });

  it('is listed once a metric, page by page', () => {
    const model = cloudwatch();
    for (const MetricName of ['a', 'b', 'a']) {
      put(model, [datum({ MetricName, Dimensions: [{ Name: 'Operation', Value: 'x' }] })]);
    }
    put(model, [datum()], 'other');
    const metric = (MetricName: string) => ({
      Namespace: 'app',
      MetricName,
      Dimensions: [{ Name: 'Operation', Value: 'x' }],
    });
    expect(model.invoke('ListMetrics', { Namespace: 'app' })).toEqual({
      Metrics: [metric('a'), metric('b')],
    });
    expect(model.invoke('ListMetrics', { MetricName: 'b' })).toEqual({ Metrics: [metric('b')] });

    const many = cloudwatch();
    put(
      many,
      Array.from({ length: 501 }, (_, index) => datum({ MetricName: `m${index}` })),
    );
    const first = many.invoke('ListMetrics', {}) as { Metrics: object[]; NextToken: string };
    const second = many.invoke('ListMetrics', { NextToken: first.NextToken }) as { Metrics: object[] };
    expect([first.Metrics.length, second.Metrics.length, 'NextToken' in second]).toEqual([500, 1, false]);
  });
});

describe('PutMetricData refuses, in the words of CloudWatch, and keeps nothing of', () => {
  const VALUE = 'InvalidParameterValueException';
  const MISSING = 'MissingRequiredParameterException';
  const COMBINATION = 'InvalidParameterCombinationException';
  const set = { SampleCount: 1, Sum: 1, Minimum: 1, Maximum: 1 };
  const dimensions = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ Name: `n${index}`, Value: 'v' }));

  // biome-ignore format: one refusal a line
  it.each<[string, unknown, unknown, string, string | RegExp]>([
    ['no namespace', null, [datum()], MISSING, 'The parameter Namespace is required.'],
    ['the namespace of AWS', 'AWS/Kinesis', [datum()], VALUE, 'The value AWS/ for parameter Namespace is invalid.'],
    ['a namespace beyond ASCII', 'ключ', [datum()], VALUE, 'The value ключ for parameter Namespace is invalid.'],
    ['a namespace of 256 characters', 'n'.repeat(256), [datum()], VALUE, /^The parameter Namespace must be shorter/],
    ['no data', 'app', undefined, MISSING, 'The parameter MetricData is required.'],
    ['an empty list', 'app', [], MISSING, 'The parameter MetricData is required.'],
    ['1,001 data', 'app', Array(1001).fill(datum()), VALUE, 'The collection MetricData must not have a size greater than 1000.'],
    ['no name', 'app', [datum({ MetricName: undefined })], MISSING, 'The parameter MetricData.member.1.MetricName is required.'],
    ['a name of 256 characters', 'app', [datum({ MetricName: 'n'.repeat(256) })], VALUE, /MetricName must be shorter than 256/],
    ['31 dimensions', 'app', [datum({ Dimensions: dimensions(31) })], VALUE, /Dimensions must not have a size greater than 30\.$/],
    ['a dimension without a value', 'app', [datum({ Dimensions: [{ Name: 'n', Value: '' }] })], MISSING, /Dimensions\.member\.1\.Value is required\.$/],
    ['NaN', 'app', [datum(), datum({ Value: 'NaN' })], VALUE, 'The value NaN for parameter MetricData.member.2.Value is invalid.'],
    ['infinity', 'app', [datum({ Value: 'Infinity' })], VALUE, /Infinity for parameter/],
    ['more than 2^360', 'app', [datum({ Value: 2 ** 361 })], VALUE, /Value is invalid\.$/],
    ['text for a number', 'app', [datum({ Value: 'one' })], VALUE, 'The value one for parameter MetricData.member.1.Value is invalid.'],
    ['neither value nor statistics', 'app', [{ MetricName: 'm' }], COMBINATION, /^At least one of the parameters/],
    ['value and statistics', 'app', [datum({ StatisticValues: set })], COMBINATION, /mutually exclusive/],
    ['value and values', 'app', [datum({ Values: [1] })], VALUE, 'The parameters MetricData.member.1.Value and MetricData.member.1.Values are mutually exclusive and you have specified both.'],
    ['counts of another number', 'app', [{ MetricName: 'm', Values: [1, 2], Counts: [1] }], VALUE, /must be of the same size\.$/],
    ['151 values', 'app', [{ MetricName: 'm', Values: Array(151).fill(1) }], VALUE, /Values must not have a size greater than 150\.$/],
    ['half a set of statistics', 'app', [{ MetricName: 'm', StatisticValues: { ...set, Sum: undefined } }], MISSING, 'The parameter MetricData.member.1.StatisticValues.Sum is required.'],
    ['a minimum above the maximum', 'app', [{ MetricName: 'm', StatisticValues: { ...set, Minimum: 2 } }], COMBINATION, /Maximum must be greater than/],
    ['an unknown unit', 'app', [datum({ Unit: 'Furlongs' })], VALUE, /Unit must be a value in the set \[ Seconds, /],
    ['a resolution of 10 s', 'app', [datum({ StorageResolution: 10 })], VALUE, /StorageResolution is invalid\.$/],
    ['an instant of 15 days ago', 'app', [datum({ Timestamp: (NOW - 15 * 24 * HOUR) / 1000 })], VALUE, /past two weeks\.$/],
    ['an instant in 3 h', 'app', [datum({ Timestamp: (NOW + 3 * HOUR) / 1000 })], VALUE, /two hours in the future\.$/],
    ['an instant that is none', 'app', [datum({ Timestamp: 'soon' })], VALUE, /Timestamp is invalid\.$/],
  ])('%s', (_what, namespace, data, type, message) => {
    const model = cloudwatch();
    expect(() => put(model, data, namespace)).toThrow(
      expect.objectContaining({
        type,
        message: typeof message === 'string' ? message : expect.stringMatching(message),
      }),
    );
    expect(model.data()).toEqual([]);
  });
});
