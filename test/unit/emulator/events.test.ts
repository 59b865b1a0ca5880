import { type EventsFault, Faults, THROTTLE } from '../../../src/emulator/faults';
import { type RunningServer, startServer } from '../../../src/emulator/server';
import {
  type Caller,
  type EventSource,
  ServiceError,
  type ServiceEvent,
} from '../../../src/emulator/service-model';
import { abortable } from '../../../src/util/abort';
import { systemClock } from '../../../src/util/clock';
import { deferred } from '../../../src/util/deferred';
import { seededRandom } from '../../../src/util/random';
import { type Frame, framesOf } from '../../support/event-frames';
import { bodyOf, WIRE_CLIENTS, type WireClient, type WireHead } from '../../support/wire-client';

const JSON_1_1 = 'application/x-amz-json-1.1';
const NEVER = new Promise<never>(() => undefined);

type Give = (number: number) => ServiceEvent | undefined | Promise<ServiceEvent | undefined>;

/** Gives what a test says, and counts how often it is asked. */
class Ticks implements EventSource {
  asked = 0;
  readonly closed = deferred<void>();
  readonly #give: Give;

  constructor(give: Give) {
    this.#give = give;
  }

  next(signal: AbortSignal): Promise<ServiceEvent | undefined> {
    return abortable(Promise.resolve(this.#give(++this.asked)), signal);
  }

  close(): void {
    this.closed.resolve();
  }
}

const tick = (number: number): ServiceEvent => ({ type: 'Tick', text: `{"number":${number}}` });
/** Ends behind `count` ticks. */
const upTo =
  (count: number): Give =>
  (number) =>
    number > count ? undefined : tick(number);

const eventFrame = ({ type, text }: ServiceEvent): Frame => ({
  headers: { ':message-type': 'event', ':event-type': type, ':content-type': JSON_1_1 },
  body: Buffer.from(text),
});
const INITIAL = eventFrame({ type: 'initial-response', text: '{}' });
const ticks = (count: number): Frame[] =>
  Array.from({ length: count }, (_, index) => eventFrame(tick(index + 1)));
const exceptionFrame = (type: string, message: string): Frame => ({
  headers: { ':message-type': 'exception', ':exception-type': type, ':content-type': JSON_1_1 },
  body: Buffer.from(JSON.stringify({ __type: type, message })),
});

let source: Ticks;
let caller: Caller | undefined;
let faults: Faults;
let server: RunningServer;
let client: WireClient;

beforeEach(async () => {
  faults = new Faults(seededRandom(1));
  server = await startServer({
    services: [
      {
        target: 'Clock_1',
        operations: ['Ask'],
        eventOperations: ['Listen'],
        invoke: () => ({}),
        openEvents: (_operation, input, by) => {
          if (input === null) {
            throw new ServiceError('ResourceInUseException', 'Somebody listens already.');
          }
          caller = by;
          return source;
        },
      },
    ],
    clock: { now: () => Date.UTC(2026, 0, 1) },
    timer: systemClock,
    random: seededRandom(1),
    faults,
    host: '127.0.0.1',
    port: 0,
  });
});

afterEach(async () => {
  client.close();
  await server.close();
});

function call(operation: string, input: unknown = {}, headers = {}): Promise<WireHead> {
  return client.post(
    { 'content-type': JSON_1_1, 'x-amz-target': `Clock_1.${operation}`, ...headers },
    JSON.stringify(input),
  );
}

function listen(give: Give, fault?: EventsFault): Promise<WireHead> {
  source = new Ticks(give);
  if (fault !== undefined) {
    faults.add({ operation: 'Listen', fault, times: 1 });
  }
  return call('Listen');
}

describe.each(WIRE_CLIENTS)('an answer of events over %s', (_version, open) => {
  beforeEach(() => {
    client = open(server.port);
  });

  test('begins with what it has beside its events, then has them in order, and ends with its source', async () => {
    const answer = await listen(upTo(3));
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/vnd.amazon.eventstream',
      date: 'Thu, 01 Jan 2026 00:00:00 GMT',
      'x-amzn-requestid': expect.any(String),
    });
    expect(framesOf(await bodyOf(answer))).toEqual([INITIAL, ...ticks(3)]);
    await source.closed.promise;
  });

  test('comes at once, before the first event', async () => {
    const first = deferred<ServiceEvent>();
    const answer = await listen((number) => (number === 1 ? first.promise : undefined));
    first.resolve(tick(1));
    expect(framesOf(await bodyOf(answer))).toEqual([INITIAL, ...ticks(1)]);
  });

  test('is refused like any other call', async () => {
    const answer = await call('Listen', null);
    expect(answer.status).toBe(400);
    expect(JSON.parse((await bodyOf(answer)).toString())).toEqual({
      __type: 'ResourceInUseException',
      message: 'Somebody listens already.',
    });
  });

  test('ends with an exception event when its source fails', async () => {
    const answer = await listen((number) => {
      if (number === 2) {
        throw new ServiceError('ResourceInUseException', 'Another listens now.');
      }
      return tick(number);
    });
    expect(framesOf(await bodyOf(answer))).toEqual([
      INITIAL,
      ...ticks(1),
      exceptionFrame('ResourceInUseException', 'Another listens now.'),
    ]);
  });

  test('closes its source when the client leaves, also while it waits for an event', async () => {
    const answer = await listen(() => NEVER);
    answer.abandon();
    await source.closed.promise;
    expect((await call('Ask')).status).toBe(200);
  });

  test('closes its source when the client left before the call was done', async () => {
    const late = { kind: 'latency', ms: 50, applied: false } as const;
    const rule = faults.add({ operation: 'Listen', fault: late });
    const unanswered = listen(() => NEVER).catch(() => 'cut');
    await rule.reached(1);
    client.close();
    await source.closed.promise;
    expect(await unanswered).toBe('cut');
  });

  test('closes its source when the server is closed', async () => {
    await listen(() => NEVER);
    await server.close();
    await source.closed.promise;
  });

  test('asks its source for no more than the connection takes from a client that does not read', async () => {
    const length = 256 * 1024;
    const answer = await listen((number) => ({
      type: 'Tick',
      text: JSON.stringify(String(number).padEnd(length)),
    }));
    // Answers on another connection: the server has had its turn each time. Still for that long = it has stopped.
    const other = open(server.port);
    const turn = async (): Promise<void> => {
      await bodyOf(await other.post({ 'content-type': JSON_1_1, 'x-amz-target': 'Clock_1.Ask' }, '{}'));
    };
    let before = -1;
    for (let still = 0; still < 20; still = source.asked === before ? still + 1 : 0) {
      before = source.asked;
      await turn();
    }
    // What the buffers of two sockets hold.
    expect(source.asked * length).toBeLessThan(24 * 1024 * 1024);
    answer.body.resume();
    while (source.asked < before + 10) {
      await turn();
    }
    other.close();
    answer.abandon();
    await source.closed.promise;
  });

  test('is called by whom the signature names', async () => {
    source = new Ticks(upTo(0));
    const authorization =
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/kinesis/aws4_request, SignedHeaders=host, Signature=0';
    await bodyOf(await call('Listen', {}, { authorization }));
    expect(caller).toEqual({ accessKeyId: 'AKIDEXAMPLE', region: 'eu-west-1' });
  });
});

describe.each(WIRE_CLIENTS)('a fault of an answer of events over %s', (_version, open) => {
  beforeEach(() => {
    client = open(server.port);
  });

  test.each([0, 2])('ends it behind %i events', async (after) => {
    const answer = await listen(tick, { kind: 'events', after, ending: 'end' });
    expect(framesOf(await bodyOf(answer))).toEqual([INITIAL, ...ticks(after)]);
    expect(source.asked).toBe(after);
  });

  test.each([0, 2])('puts an exception behind %i events', async (after) => {
    const answer = await listen(tick, { kind: 'events', after, ending: THROTTLE });
    expect(framesOf(await bodyOf(answer))).toEqual([
      INITIAL,
      ...ticks(after),
      exceptionFrame('ProvisionedThroughputExceededException', 'Rate exceeded.'),
    ]);
  });

  test.each([0, 2])('cuts the connection behind %i events, all of which arrive', async (after) => {
    const answer = await listen(tick, { kind: 'events', after, ending: 'disconnect' });
    const chunks: Buffer[] = [];
    answer.body.on('data', (chunk: Buffer) => chunks.push(chunk));
    await expect(bodyOf(answer)).rejects.toThrow();
    expect(framesOf(Buffer.concat(chunks))).toEqual([INITIAL, ...ticks(after)]);
    await source.closed.promise;
  });

  test('silences it, and leaves the connection alone', async () => {
    const answer = await listen(tick, { kind: 'events', after: 1, ending: 'silence' });
    const chunks: Buffer[] = [];
    const seen = deferred<void>();
    answer.body.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      if (Buffer.concat(chunks).includes('"number":1')) {
        seen.resolve();
      }
    });
    await seen.promise;
    expect((await call('Ask')).status).toBe(200);
    expect(source.asked).toBe(1);
    answer.abandon();
    await source.closed.promise;
  });

  test('strikes no call whose answer has no events', async () => {
    faults.add({ operation: '*', fault: { kind: 'events', after: 0, ending: THROTTLE } });
    expect((await call('Ask')).status).toBe(200);
  });

  test('of the call itself keeps the source open that nobody is told of, until the client leaves', async () => {
    faults.add({ operation: 'Listen', fault: { kind: 'silence', applied: true } });
    const rule = faults.add({ operation: 'Listen', fault: { kind: 'latency', ms: 0, applied: true } });
    const unanswered = listen(tick).catch(() => 'cut');
    await rule.reached(1);
    let isClosed = false;
    const closed = source.closed.promise.then(() => {
      isClosed = true;
    });
    await bodyOf(
      await open(server.port).post({ 'content-type': JSON_1_1, 'x-amz-target': 'Clock_1.Ask' }, '{}'),
    );
    expect([isClosed, source.asked]).toEqual([false, 0]);
    client.close();
    await closed;
    expect(await unanswered).toBe('cut');
  });
});
