import { accessDenied, type ErrorFault, THROTTLE } from '../../src/emulator';
import { explain } from '../../src/errors';
import { sleep, systemClock } from '../../src/util/clock';
import { cleanReport, type LabRun, SourceLab } from '../support/source-lab';

const MINUTE_MS = 60_000;
const STREAM = 'orders';
const STREAM_ARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/orders';

let lab: SourceLab;

afterEach(() => lab.close());

const refusal = (type: string, message = ''): ErrorFault => ({ kind: 'error', type, message });

/** How shards are read: the call that gives records, and how to ask for it. */
const MODES = [
  ['polling', { useEnhancedFanOut: false }, 'GetRecords'],
  ['enhanced fan-out', { useEnhancedFanOut: true }, 'SubscribeToShard'],
] as const;

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await sleep(systemClock, 5);
  }
}

/** What ended the source. */
async function failureOf(run: LabRun): Promise<unknown> {
  const failure = await run.ended.catch((error: unknown) => error);
  if (failure instanceof Error) {
    return failure;
  }
  throw new Error(`the source ended with ${failure}`);
}

/** A source that reads at the tip of its stream. */
async function reading(configs: { readonly [name: string]: unknown }, records = 10): Promise<LabRun> {
  lab.put(records);
  const run = lab.start(configs);
  await lab.stored(records);
  return run;
}

describe.each(MODES)('%s', (mode, configs, call) => {
  it('goes on when it is throttled: nothing is lost, each refusal is counted', async () => {
    lab = await SourceLab.open(1);
    lab.put(100);
    lab.emulator.faults.add({ operation: call, fault: THROTTLE, times: 3 });
    const run = lab.start(configs, { untilCaughtUp: true });
    expect(await run.ended).toBe('drained');
    expect(lab.report()).toEqual(cleanReport(100));
    expect(run.count('reads_throttled')).toBe(3);
    expect(run.count('read_retries', 'AWS_THROTTLED')).toBe(3);
  });

  it('takes a LimitExceededException for a rate, and tries again', async () => {
    lab = await SourceLab.open(1);
    lab.put(100);
    lab.emulator.faults.add({ operation: call, fault: refusal('LimitExceededException'), times: 2 });
    lab.emulator.faults.add({ operation: 'ListShards', fault: refusal('LimitExceededException'), times: 2 });
    const run = lab.start(configs, { untilCaughtUp: true });
    expect(await run.ended).toBe('drained');
    expect(lab.report()).toEqual(cleanReport(100));
    expect(run.count('read_retries', 'AWS_THROTTLED')).toBe(2);
  });

  it('goes on when connections break or the service fails: nothing is lost or repeated', async () => {
    lab = await SourceLab.open(1);
    lab.put(100);
    // A subscription that stands though nobody heard of it is in use for a while.
    const cut = { kind: 'disconnect', applied: mode === 'polling' } as const;
    lab.emulator.faults.add({ operation: call, fault: cut, times: 2 });
    lab.emulator.faults.add({
      operation: call,
      fault: { ...refusal('InternalFailure'), status: 500 },
      times: 1,
    });
    const run = lab.start(configs, { untilCaughtUp: true });
    expect(await run.ended).toBe('drained');
    expect(lab.report()).toEqual(cleanReport(100));
    expect(run.count('read_retries', 'AWS_UNAVAILABLE')).toBe(3);
  });

  it('ends when access is denied, and names the action and the resource to grant', async () => {
    lab = await SourceLab.open(1);
    lab.put(10);
    lab.emulator.faults.add({ operation: call, fault: accessDenied(`kinesis:${call}`, STREAM_ARN) });
    const run = lab.start(configs);
    expect(await failureOf(run)).toMatchObject({
      code: 'AWS_ACCESS_DENIED',
      hint: expect.stringContaining(`Grant kinesis:${call} on ${STREAM_ARN} to arn:aws:iam::`),
    });
    expect(run.count('source_failures', 'AWS_ACCESS_DENIED')).toBe(1);
  });

  it.each([
    'KMSAccessDeniedException',
    'KMSDisabledException',
    'KMSInvalidStateException',
    'KMSNotFoundException',
    'KMSOptInRequired',
  ])('ends with KINESIS_KMS when the key of the stream does not serve: %s', async (type) => {
    lab = await SourceLab.open(1);
    lab.put(10);
    lab.emulator.faults.add({ operation: call, fault: refusal(type, 'the key') });
    const run = lab.start(configs);
    const failure = await failureOf(run);
    expect(failure).toMatchObject({ code: 'KINESIS_KMS', hint: expect.stringContaining('kms:Decrypt') });
    expect(explain(failure)).toContain(type);
    expect(run.count('source_failures', 'KINESIS_KMS')).toBe(1);
  });

  it('takes a throttled key for throttling', async () => {
    lab = await SourceLab.open(1);
    lab.put(10);
    lab.emulator.faults.add({ operation: call, fault: refusal('KMSThrottlingException'), times: 2 });
    const run = lab.start(configs, { untilCaughtUp: true });
    expect(await run.ended).toBe('drained');
    expect(run.count('reads_throttled')).toBe(2);
  });

  it('ends when its clock is off and the service does not say by how much', async () => {
    lab = await SourceLab.open(1);
    lab.put(10);
    const fault = refusal(
      'InvalidSignatureException',
      'Signature expired: 20260101T000000Z is now earlier than …',
    );
    lab.emulator.faults.add({ operation: call, fault });
    const run = lab.start(configs);
    expect(await failureOf(run)).toMatchObject({
      code: 'AWS_CLOCK_SKEW',
      hint: expect.stringContaining('Set the clock'),
    });
    expect(run.count('source_failures', 'AWS_CLOCK_SKEW')).toBe(1);
  });

  it('reads on with a clock that is an hour off: signatures take the time of the service', async () => {
    lab = await SourceLab.open(1, { checkSignatureTime: true });
    lab.emulator.clock.advance(60 * MINUTE_MS);
    lab.put(100);
    const run = lab.start(configs, { untilCaughtUp: true });
    expect(await run.ended).toBe('drained');
    expect(lab.report()).toEqual(cleanReport(100));
  });

  it('ends when the stream is deleted under it', async () => {
    lab = await SourceLab.open(1);
    const run = await reading({ ...configs, readerStallTimeout: 0 });
    lab.emulator.kinesis.call('DeleteStream', { StreamName: STREAM, EnforceConsumerDeletion: true });
    expect(await failureOf(run)).toMatchObject({
      code: 'KINESIS_STREAM_NOT_FOUND',
      message: expect.stringContaining(STREAM),
    });
    expect(run.count('source_failures', 'KINESIS_STREAM_NOT_FOUND')).toBe(1);
  });

  it('ends when the stream is deleted and made anew under its name', async () => {
    lab = await SourceLab.open(1);
    const run = await reading(configs);
    lab.emulator.kinesis.call('DeleteStream', { StreamName: STREAM, EnforceConsumerDeletion: true });
    lab.emulator.kinesis.call('CreateStream', { StreamName: STREAM, ShardCount: 1 });
    lab.put(10);
    expect(await failureOf(run)).toMatchObject({
      code: 'KINESIS_STREAM_RECREATED',
      hint: expect.stringContaining('applicationName'),
    });
    expect(lab.broker.stored(STREAM)).toBe(10);
    expect(run.count('source_failures', 'KINESIS_STREAM_RECREATED')).toBe(1);
  });

  it('does not start on the rows of a deleted stream of that name', async () => {
    lab = await SourceLab.open(1);
    await (await reading(configs)).stop();
    lab.emulator.kinesis.call('DeleteStream', { StreamName: STREAM, EnforceConsumerDeletion: true });
    lab.emulator.clock.advance(2000);
    lab.emulator.kinesis.call('CreateStream', { StreamName: STREAM, ShardCount: 1 });
    lab.put(10);
    expect(await failureOf(lab.start(configs))).toMatchObject({ code: 'KINESIS_STREAM_RECREATED' });
    expect(lab.broker.stored(STREAM)).toBe(10);
  });

  it('waits for a stream that is being made, and reads one that is being changed', async () => {
    lab = await SourceLab.open(1, { settleMs: 300 });
    const run = lab.start(configs);
    await until(() => status() === 'ACTIVE');
    lab.put(100);
    await lab.stored(100);
    lab.emulator.kinesis.call('IncreaseStreamRetentionPeriod', {
      StreamName: STREAM,
      RetentionPeriodHours: 48,
    });
    expect(status()).toBe('UPDATING');
    lab.put(10);
    await lab.stored(110);
    expect(await run.stop()).toBe('drained');
    expect(lab.report()).toEqual(cleanReport(110));
  });

  it('does not start on a stream that is being deleted', async () => {
    lab = await SourceLab.open(1, { settleMs: 500 });
    expect(await lab.start(configs, { untilCaughtUp: true }).ended).toBe('drained');
    lab.emulator.kinesis.call('DeleteStream', { StreamName: STREAM, EnforceConsumerDeletion: true });
    expect(await failureOf(lab.start(configs))).toMatchObject({
      code: 'KINESIS_STREAM_NOT_READY',
      found: 'DELETING',
    });
  });

  it('delivers records of 10 MiB and records without a byte as they are', async () => {
    lab = await SourceLab.open(1);
    lab.emulator.kinesis.call('UpdateMaxRecordSize', { StreamARN: STREAM_ARN, MaxRecordSizeInKiB: 10_240 });
    const large = Buffer.alloc(10 * 1024 * 1024 - 1, `${mode} 0123456789`);
    for (const data of ['', large, '', large, 'small']) {
      lab.putOne('k', data);
    }
    const run = lab.start(configs, { untilCaughtUp: true });
    expect(await run.ended).toBe('drained');
    const stored = lab.broker.messages(STREAM).map(({ value }) => Buffer.from(value));
    expect(stored.map(({ length }) => length)).toEqual([0, large.length, 0, large.length, 5]);
    expect(stored[1]?.equals(large) && stored[3]?.equals(large)).toBe(true);
  });

  it('misses nothing from LATEST on when its place breaks off before the first record', async () => {
    lab = await SourceLab.open(1);
    lab.put(10);
    if (mode === 'polling') {
      lab.emulator.faults.add({ operation: call, fault: refusal('ExpiredIteratorException'), times: 3 });
    } else {
      lab.emulator.faults.add({
        operation: call,
        fault: { kind: 'events', after: 0, ending: 'disconnect' },
        times: 1,
      });
    }
    const run = lab.start({ ...configs, initialPositionInStream: 'LATEST' });
    await until(() => lab.tableExists() && lab.rows().some(({ leaseOwner }) => leaseOwner !== undefined));
    // The Date header knows seconds: what was put within that of the start may come as well.
    lab.emulator.clock.advance(1000);
    lab.put(50);
    await until(() => arrived().includes('record 59'));
    expect(await run.stop()).toBe('drained');
    const numbers = arrived().map((text) => Number(text.split(' ')[1]));
    expect(numbers.filter((n) => n >= 10)).toEqual(Array.from({ length: 50 }, (_, n) => 10 + n));
    expect(run.count(mode === 'polling' ? 'expired_iterators' : 'resubscribes')).toBeGreaterThan(0);
  });
});

describe('polling', () => {
  it('replaces an iterator that has expired while nothing was put, from LATEST as from a checkpoint', async () => {
    lab = await SourceLab.open(1);
    const run = lab.start({ initialPositionInStream: 'LATEST' });
    await until(() => run.count('get_records_success') > 0);
    for (let round = 1; round <= 2; round++) {
      lab.emulator.clock.advance(6 * MINUTE_MS);
      await until(() => run.count('expired_iterators') >= round);
      lab.put(20);
      await lab.stored(20 * round);
    }
    expect(await run.stop()).toBe('drained');
    expect(lab.report()).toEqual(cleanReport(40));
    expect(run.warnings).toEqual([]);
  });
});

describe('enhanced fan-out', () => {
  it('ends when no consumer can be registered any more, and says what to do', async () => {
    lab = await SourceLab.open(1, { consumerLimit: 1 });
    lab.emulator.kinesis.call('RegisterStreamConsumer', { StreamARN: STREAM_ARN, ConsumerName: 'other' });
    const run = lab.start({ useEnhancedFanOut: true, efoRegistrationAttempts: 2 });
    expect(await failureOf(run)).toMatchObject({
      code: 'KINESIS_CONSUMER_LIMIT',
      hint: expect.stringContaining('retrievalMode'),
    });
  });
});

const arrived = () => lab.broker.messages(STREAM).map(({ value }) => Buffer.from(value).toString());

function status(): string {
  const { StreamDescriptionSummary } = lab.emulator.kinesis.call('DescribeStreamSummary', {
    StreamName: STREAM,
  });
  return StreamDescriptionSummary.StreamStatus;
}
