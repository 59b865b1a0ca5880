import { type RunningServer, startServer } from '../../src/emulator';
import { sleep, systemClock } from '../../src/util/clock';
import { seededRandom } from '../../src/util/random';
import { HeldTransport } from '../support/held-transport';
import { cleanReport, type LabRun, SourceLab } from '../support/source-lab';

const SHARDS = 20;
const MIB = 1024 * 1024;
const RECEIVE_QUEUE_BYTES = MIB;
const WINDOW_BYTES = 65_535;
const EVENT_BYTES = 16 * 1024;
/** Put while Pulsar takes nothing: 16 MiB. */
const RECORDS = 4_000;
const RECORD_BYTES = 4 * 1024;
const FAILOVER_MS = 4_000;

let lab: SourceLab;
let server: RunningServer;
let run: LabRun | undefined;
let transport: HeldTransport | undefined;
/** Bytes of events that the service was asked for. */
let eventBytes = 0;

/** The lab's Kinesis on a port of its own, where what it pushes is counted. */
async function meteredKinesis(): Promise<RunningServer> {
  const { kinesis, faults } = lab.emulator;
  const metered = {
    ...kinesis,
    openEvents: (...call: Parameters<typeof kinesis.openEvents>) => {
      const source = kinesis.openEvents(...call);
      return {
        close: () => source.close(),
        next: async (signal: AbortSignal) => {
          const event = await source.next(signal);
          eventBytes += event?.text.length ?? 0;
          return event;
        },
      };
    },
  };
  return startServer({
    services: [metered],
    clock: systemClock,
    timer: systemClock,
    random: seededRandom(1),
    faults,
    host: '127.0.0.1',
    port: 0,
  });
}

const leaseCounters = (): ReadonlyMap<string, number> =>
  new Map(lab.rows().map((row) => [row.leaseKey?.S ?? '', Number(row.leaseCounter?.N)]));

/** Resolves once every lease was written `times` more. */
async function renewed(times: number): Promise<void> {
  const before = leaseCounters();
  while ([...leaseCounters()].some(([key, counter]) => counter < (before.get(key) ?? 0) + times)) {
    await sleep(systemClock, 20);
  }
}

beforeEach(async () => {
  eventBytes = 0;
  lab = await SourceLab.open(SHARDS, { eventBytes: EVENT_BYTES });
  server = await meteredKinesis();
});

afterEach(async () => {
  transport?.letGo();
  await run?.stop();
  await server.close();
  await lab.close();
});

it.each([
  // What is on its way to a reader that does not read: the window; over HTTP/1.1 what the sockets of both sides take.
  ['http2', WINDOW_BYTES],
  ['http1', undefined],
] as const)(
  'a Pulsar that stands still stops the events and not the heartbeat, and loses nothing (%s)',
  async (subscribeProtocol, window) => {
    run = lab.start(
      {
        useEnhancedFanOut: true,
        aws: {
          endpoints: {
            kinesis: `http://127.0.0.1:${server.port}`,
            dynamodb: lab.emulator.dynamodbEndpoint,
          },
          subscribeProtocol,
          subscriptionWindow: WINDOW_BYTES,
        },
        receiveQueueBytes: RECEIVE_QUEUE_BYTES,
        failoverTime: FAILOVER_MS,
      },
      {
        wrap: (inner) => {
          transport = new HeldTransport(inner);
          return transport;
        },
      },
    );
    lab.put(SHARDS);
    await lab.stored(SHARDS);
    transport?.hold();
    const padding = 'x'.repeat(RECORD_BYTES);
    for (let n = 0; n < RECORDS; n++) {
      lab.putOne(`key-${n % 200}`, `record ${lab.putCount} ${padding}`);
    }
    await renewed(3);
    expect(lab.broker.stored('orders')).toBe(SHARDS);
    expect(run.most('queue_bytes')).toBeLessThanOrEqual(RECEIVE_QUEUE_BYTES);
    if (window !== undefined) {
      // In base64, an event of each being written beside what the window takes.
      const bound = (RECEIVE_QUEUE_BYTES + SHARDS * (window + 2 * EVENT_BYTES)) * 1.5;
      expect(eventBytes).toBeLessThan(bound);
      expect(bound).toBeLessThan((RECORDS * RECORD_BYTES) / 2);
    }
    transport?.letGo();
    await lab.stored(SHARDS + RECORDS);
    expect(await run.stop()).toBe('drained');
    expect(lab.report()).toEqual(cleanReport(SHARDS + RECORDS));
    expect(run.count('lost_leases')).toBe(0);
    expect(run.count('resubscribes')).toBe(0);
  },
  60_000,
);
