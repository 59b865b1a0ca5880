import { isFinished } from '../../src/lease/lease';
import { MAX_HASH_KEY, middleOf } from '../../src/stream/hash-key';
import { sleep, systemClock } from '../../src/util/clock';
import { Application, FAULTLESS } from '../support/interop-application';
import { InteropLab } from '../support/interop-lab';
import type { KclOptions } from '../support/interop-worker';

jest.setTimeout(180_000);

const [ROOT, LOWER, UPPER] = [0, 1, 2].map((number) => `shardId-00000000000${number}`) as [
  string,
  string,
  string,
];
const RECORDS = 500;
/** Several times as short as a test is long: each shard is subscribed to again and again. */
const SUBSCRIPTION_MS = 2_000;

let lab: InteropLab;
let app: Application;

beforeEach(async () => {
  lab = await InteropLab.open('ours', { subscriptionMs: SUBSCRIPTION_MS });
  app = new Application(lab, 'fan-out', 1);
});

afterEach(async () => {
  await app.close();
  await lab.close();
});

const lease = async (shardId: string) => (await app.leases()).find((one) => one.shardId === shardId);

const READERS: readonly [string, KclOptions][] = [
  ['KCL 2.6.0 over HTTP/2', { http: 'HTTP2' }],
  ['KCL 2.6.0 over HTTP/1.1', {}],
  ['KCL 3.4.2 over HTTP/2', { version: '3.4.2', 'client-version': 'COMPATIBLE_WITH_2X', http: 'HTTP2' }],
];

test.each(READERS)(
  '%s reads the emulator by enhanced fan-out, through the ends of subscriptions and of a shard: every key in order, nothing twice',
  async (_title, options) => {
    await app.createTable();
    app.put(RECORDS);
    const kcl = await app.kcl('kcl', { consumer: 'by-fan-out', ...options });
    await app.delivered();
    expect(app.consumers()).toEqual(['by-fan-out']);

    // What is put in a while longer than a subscription lives arrives by several.
    for (let part = 0; part < 6; part++) {
      app.put(RECORDS / 10);
      await app.delivered();
      await sleep(systemClock, SUBSCRIPTION_MS / 3);
    }
    app.split(ROOT, middleOf({ start: 0n, end: MAX_HASH_KEY }));
    app.put(RECORDS);
    await app.delivered();
    const parent = await lease(ROOT);
    expect(parent !== undefined && isFinished(parent)).toBe(true);
    expect(parent?.childShardIds.toSorted()).toEqual([LOWER, UPPER]);
    expect(app.events).toContainEqual(expect.objectContaining({ event: 'shardEnded', shard: ROOT }));
    await kcl.stop('SIGKILL');
    expect(app.faults()).toEqual(FAULTLESS);
    expect(app.tally.duplicates).toBe(0);
  },
);
