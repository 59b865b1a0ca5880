import { sleep, systemClock } from '../../src/util/clock';
import { cleanReport, SourceLab } from '../support/source-lab';

let lab: SourceLab;

afterEach(() => lab.close());

const FAN_OUT = { useEnhancedFanOut: true, checkpointInterval: 1000 };

const consumers = () =>
  lab.emulator.kinesis
    .call('ListStreamConsumers', { StreamARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/orders' })
    .Consumers.map(({ ConsumerName, ConsumerStatus }) => `${ConsumerName} ${ConsumerStatus}`);

describe('source by enhanced fan-out over HTTP', () => {
  it('registers its consumer, delivers everything once and in order, and leaves the consumer behind', async () => {
    lab = await SourceLab.open(4);
    lab.put(2000);
    const run = lab.start(FAN_OUT, { untilCaughtUp: true });
    expect(await run.ended).toBe('drained');
    expect(lab.report()).toEqual(cleanReport(2000));
    expect(consumers()).toEqual(['app ACTIVE']);
    expect(run.warnings).toEqual([]);
  });

  it('follows splits and merges, parents before children', async () => {
    lab = await SourceLab.open(2);
    lab.put(500);
    lab.split(0);
    lab.put(500);
    lab.merge(1);
    lab.put(500);
    const run = lab.start(FAN_OUT);
    await lab.stored(800);
    lab.split(0);
    lab.put(500);
    await lab.stored(2000);
    expect(await run.stop()).toBe('drained');
    expect(lab.report()).toEqual(cleanReport(2000));
  });

  it('deregisters a consumer that it manages when it was the last to read, and not before', async () => {
    lab = await SourceLab.open(2);
    lab.put(100);
    const managed = { ...FAN_OUT, efoLifecycle: 'managed', failoverTime: 3000 };
    const [first, second] = [lab.start(managed), lab.start(managed)];
    await lab.stored(100);
    while (new Set(lab.rows().map(({ leaseOwner }) => leaseOwner?.S)).size < 2) {
      await sleep(systemClock, 20);
    }
    expect(await first.stop()).toBe('drained');
    expect(consumers()).toEqual(['app ACTIVE']);
    expect(await second.stop()).toBe('drained');
    expect(consumers()).toEqual([]);
  });
});
