import { Application, FAULTLESS } from '../support/interop-application';
import { InteropLab } from '../support/interop-lab';

jest.setTimeout(180_000);

const ROOT = 'shardId-000000000000';
const CONSUMER = 'by-fan-out';

let lab: InteropLab;
let app: Application;

beforeEach(async () => {
  lab = await InteropLab.open();
  app = new Application(lab, 'aggregates', 1);
});

afterEach(async () => {
  await app.close();
  await lab.close();
});

const numbersOf = (worker: string) =>
  app.tally.arrivals.filter((arrival) => arrival.worker === worker).map(({ number }) => number);

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

function putFrames(count: number, size: number): void {
  for (let frame = 0; frame < count; frame++) {
    app.putFrame(size);
  }
}

/** The number of the record that the row of the shard says is read last, and how many its frame has. */
async function checkpoint(): Promise<{ number: number; subSequenceNumber: number; frame: number }> {
  const [row] = await app.leases();
  const { sequenceNumber = '', subSequenceNumber = -1 } = row?.checkpoint ?? {};
  const frame = app.sent.filter((record) => record.sequenceNumber === sequenceNumber);
  const found = frame.find((record) => record.subSequenceNumber === subSequenceNumber);
  return {
    number: found === undefined ? -1 : app.sent.indexOf(found),
    subSequenceNumber,
    frame: frame.length,
  };
}

test.each([
  ['polling', { 'max-records': 5 }, {}],
  [
    'enhanced fan-out, both with one consumer',
    { consumer: CONSUMER, http: 'HTTP2' },
    { efoConsumerName: CONSUMER, useEnhancedFanOut: true },
  ],
])(
  'KCL 2.6.0 stops in the middle of an aggregate of ours, ours goes on exactly behind it: by %s',
  async (_title, options, configs) => {
    // Behind three records alone, each checkpoint after 20 records is that of sub-record 16 of 20.
    const size = 20;
    await app.createTable();
    app.put(3);
    putFrames(100, size);
    const kcl = await app.kcl('kcl', { 'checkpoint-records': size, 'leave-unsaved': 'true', ...options });
    await app.arrived(app.sent.length / 2);
    await kcl.stop('SIGTERM');
    const { number, subSequenceNumber } = await checkpoint();
    expect(subSequenceNumber).toBe(16);
    expect(numbersOf('kcl')).toEqual(range(0, numbersOf('kcl').length));

    putFrames(20, size);
    const ours = app.ours('ours', configs);
    await app.delivered();
    expect(await ours.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(app.faults()).toEqual(FAULTLESS);
    expect(numbersOf('ours')).toEqual(range(number + 1, app.sent.length));
    expect(app.consumers()).toEqual('consumer' in options ? [CONSUMER] : []);
  },
);

test('ours stops in the middle of an aggregate: KCL 2.6.0 goes on exactly behind it', async () => {
  // More than ours may have in flight, which it sees through when it stops.
  const size = 40_000;
  app.put(3);
  app.putFrame(20);
  app.putFrame(size);
  app.putFrame(20);
  app.put(3);
  const ours = app.ours('ours');
  await app.arrived(500);
  expect(await ours.stop('SIGTERM')).toEqual({ code: 0, signal: null });
  const { number, subSequenceNumber, frame } = await checkpoint();
  expect(numbersOf('ours')).toEqual(range(0, number + 1));
  expect(frame).toBe(size);
  expect(subSequenceNumber).toBeLessThan(size - 1);

  const kcl = await app.kcl('kcl', { 'checkpoint-records': 5_000 });
  await app.delivered();
  expect(app.events.find(({ event }) => event === 'initialized')).toMatchObject({
    shard: ROOT,
    subSequence: subSequenceNumber,
  });
  await kcl.stop('SIGTERM');
  expect(app.faults()).toEqual(FAULTLESS);
  expect(numbersOf('kcl')).toEqual(range(number + 1, app.sent.length));
});
