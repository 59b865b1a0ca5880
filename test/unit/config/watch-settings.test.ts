import { loadConfigObject, parseKinesisSinkConfig, parseKinesisSourceConfig } from '../../../src/config';

const configs = { awsRegion: 'eu-central-1', awsKinesisStreamName: 'orders' };

const watch = (options: object) =>
  parseKinesisSourceConfig({ ...configs, useEnhancedFanOut: false, ...options }, () => undefined, 0).watch;

test('the watchdog of a source has defaults, and each can be set', () => {
  const defaults = {
    readerStallTimeout: 60_000,
    scanStallTimeout: 30_000,
    childStallTimeout: 30_000,
    renewalLateTime: 10_000 / 6,
    backpressureReportTime: 60_000,
  };
  expect(watch({})).toEqual(defaults);
  const given = {
    readerStallTimeout: 0,
    scanStallTimeout: 1,
    childStallTimeout: 2,
    renewalLateTime: 3,
    backpressureReportTime: 4000,
  };
  expect(watch(given)).toEqual(given);
});

test('renewals that are late by a sixth of failoverTime are reported when nothing else is said', () => {
  expect(watch({ failoverTime: 30_000 }).renewalLateTime).toBe(5000);
});

test('a sink that stores nothing is reported after a minute, or the time that is given', () => {
  const of = (options: object) =>
    parseKinesisSinkConfig({ ...configs, ...options }, () => undefined).putStallTimeout;
  expect([of({}), of({ putStallTimeout: 0 })]).toEqual([60_000, 0]);
});

test.each([
  ['two minutes', {}, 120_000],
  ['as given', { sendStallTimeoutMs: 90_000 }, 90_000],
  ['twice the time-out of a send at least, which comes first', { sendStallTimeoutMs: 1000 }, 60_000],
  ['as given where sends have no time-out', { sendTimeoutMs: 0, sendStallTimeoutMs: 1000 }, 1000],
  ['never', { sendStallTimeoutMs: 0 }, 0],
])('a producer that confirms nothing is replaced after %s', (_what, producerConfig, expected) => {
  const source = {
    name: 'orders',
    topicName: 'orders',
    className: 'kinesis',
    configs: { ...configs, useEnhancedFanOut: false },
    producerConfig,
  };
  const { sources } = loadConfigObject({ sources: [source] }, 'test', { env: {} });
  expect(sources[0]?.producer.sendStallTimeout).toBe(expected);
});
