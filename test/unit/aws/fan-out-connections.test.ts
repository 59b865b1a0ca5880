import { getEventListeners } from 'node:events';
import type { Http2ServerResponse, ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import { dialer } from '../../../src/aws/dial';
import { createFanOutApi } from '../../../src/aws/fan-out-client';
import type { AwsSettings, SubscriptionSettings } from '../../../src/config/types';
import { ConnectorError } from '../../../src/errors';
import { allowManyListeners } from '../../../src/util/abort';
import { type Clock, systemClock } from '../../../src/util/clock';
import { deferred } from '../../../src/util/deferred';
import { awsSettings } from '../../support/aws-settings';
import {
  EVENT_STREAM_HEAD,
  type EventRequest,
  type EventResponse,
  type EventServerProtocol,
  INITIAL_RESPONSE,
  startEventServer,
  startWire,
  subscriptionEvent,
} from '../../support/event-server';
import { ManualClock } from '../../support/manual-clock';

const CONSUMER = 'arn:aws:kinesis:us-east-1:123456789012:stream/orders/consumer/reader:1';
const HORIZON = { type: 'TRIM_HORIZON' } as const;

const releases: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const release of releases.splice(0).reverse()) {
    await release();
  }
});

async function serve(
  protocol: EventServerProtocol,
  answer: (request: EventRequest, response: EventResponse) => void,
  options = {},
  greet?: (session: ServerHttp2Session) => void,
) {
  const server = await startEventServer(protocol, answer, options, greet);
  releases.push(server.close);
  return server;
}

interface Choice extends Partial<SubscriptionSettings> {
  readonly clock?: Clock;
  readonly aws?: Partial<AwsSettings>;
}

function fanOut(endpoint: string, { clock = systemClock, aws, ...subscriptions }: Choice = {}) {
  const settings = awsSettings(endpoint, { verifyCertificates: false, ...aws });
  const api = createFanOutApi(
    { ...settings, subscriptions: { ...settings.subscriptions, protocol: 'http2', ...subscriptions } },
    { clock },
  );
  releases.push(() => api.close());
  return api;
}

/** Begins an answer; `send` waits until the client has taken it. */
function begin(response: EventResponse) {
  response.writeHead(200, EVENT_STREAM_HEAD);
  const send = (frame: Buffer): Promise<void> =>
    new Promise((resolve, reject) => {
      (response as Http2ServerResponse).write(frame, (error?: Error | null) =>
        error ? reject(error) : resolve(),
      );
    });
  send(INITIAL_RESPONSE).catch(() => undefined);
  return send;
}

/** Sends events for ever. @returns bytes the connection has taken so far, by shard. */
function pouring(frame: Buffer) {
  const poured = new Map<string, number>();
  const answer = async ({ body }: EventRequest, response: EventResponse): Promise<void> => {
    const shard = String(body.ShardId);
    poured.set(shard, 0);
    const send = begin(response);
    for (;;) {
      await send(frame);
      poured.set(shard, (poured.get(shard) ?? 0) + frame.length);
    }
  };
  return {
    poured,
    answer: (request: EventRequest, response: EventResponse) =>
      void answer(request, response).catch(() => undefined),
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

describe('subscriptions over HTTP/2', () => {
  it('that nobody reads hold up no other, and keep no more than their window', async () => {
    const frame = subscriptionEvent([Buffer.alloc(48 * 1024)]);
    const { poured, answer } = pouring(frame);
    const server = await serve('h2c', answer);
    const windowBytes = 256 * 1024;
    const api = fanOut(server.endpoint, { windowBytes, perConnection: 64 });
    const shards = Array.from({ length: 200 }, (_, i) => `shard-${i}`);
    const subscriptions = await Promise.all(
      shards.map((shard) => api.subscribeToShard(CONSUMER, shard, HORIZON)),
    );
    expect(server.connections()).toBe(4);
    const flowing = subscriptions.filter((_, i) => i % 20 === 0);
    for (const subscription of flowing) {
      for (let count = 0; count < 20; count++) {
        expect((await subscription.next({}))?.records).toHaveLength(1);
      }
    }
    shards.forEach((shard, i) => {
      const bytes = poured.get(shard) ?? 0;
      if (i % 20 === 0) {
        expect(bytes).toBeGreaterThan(15 * frame.length);
      } else {
        expect(bytes).toBeLessThan(windowBytes + 2 * frame.length);
      }
    });
    // One that was left alone for so long goes on where it was.
    expect((await subscriptions[1]?.next({}))?.records).toHaveLength(1);
  });

  it('may fill the window of their connection together', async () => {
    const server = await serve('h2c', (_request, response) => void begin(response));
    await fanOut(server.endpoint, { windowBytes: 100_000, perConnection: 50 }).subscribeToShard(
      CONSUMER,
      's',
      HORIZON,
    );
    const [session] = server.sessions;
    await until(() => (session?.state.remoteWindowSize ?? 0) > 49 * 100_000);
    expect(session?.remoteSettings.initialWindowSize).toBe(100_000);
  });

  it('are no more on a connection than the server takes', async () => {
    const server = await serve('h2c', (_request, response) => void begin(response), {
      settings: { maxConcurrentStreams: 3 },
    });
    const api = fanOut(server.endpoint);
    await Promise.all(Array.from({ length: 9 }, () => api.subscribeToShard(CONSUMER, 's', HORIZON)));
    expect(server.connections()).toBe(3);
  });

  it('find out that their connection is dead, also while nobody reads', async () => {
    const clock = new ManualClock();
    const server = await serve('h2c', (_request, response) => void begin(response));
    const wire = await startWire(server.port);
    releases.push(wire.close);
    const pingInterval = 15_000;
    const api = fanOut(`http://127.0.0.1:${wire.port}`, { clock, pingInterval, idleTimeout: 1e9 });
    const stalled = await api.subscribeToShard(CONSUMER, 's', HORIZON);
    const waiting = (await api.subscribeToShard(CONSUMER, 's', HORIZON)).next({});
    const [session] = server.sessions;
    // PINGs are answered while it lives.
    for (let beat = 0; beat < 5; beat++) {
      const asked = new Promise((resolve) => session?.once('ping', resolve));
      await clock.advance(pingInterval);
      await asked;
      await new Promise<void>((resolve) => session?.ping(() => resolve()));
    }
    wire.freeze();
    const ended = expect(waiting).rejects.toMatchObject({ code: 'AWS_TIMEOUT' });
    await clock.advance(2 * pingInterval);
    await ended;
    await expect(stalled.next({})).rejects.toMatchObject({ code: 'AWS_TIMEOUT' });
  });

  it('go on after a GOAWAY, which sends new ones elsewhere; the connection ends with its last', async () => {
    const sends: ((frame: Buffer) => Promise<void>)[] = [];
    const server = await serve('h2c', (_request, response) => {
      sends.push(begin(response));
    });
    const api = fanOut(server.endpoint);
    const first = await api.subscribeToShard(CONSUMER, 's', HORIZON);
    const [session] = server.sessions;
    session?.goaway(0);
    const gone = new Promise<void>((resolve) => session?.once('close', resolve));
    // The client has read the GOAWAY once it answers what came behind it.
    await new Promise<void>((resolve) => session?.ping(() => resolve()));
    const second = await api.subscribeToShard(CONSUMER, 's', HORIZON);
    expect(server.connections()).toBe(2);
    void sends[0]?.(subscriptionEvent([Buffer.from('first')]));
    void sends[1]?.(subscriptionEvent([Buffer.from('second')]));
    expect((await first.next({}))?.records).toHaveLength(1);
    expect((await second.next({}))?.records).toHaveLength(1);
    first.close();
    await gone;
    expect(server.sessions.size).toBe(1);
  });

  it('are not tried for ever where the server ends every connection at once, or takes no stream', async () => {
    const refusing = await serve('h2c', () => undefined, { settings: { maxConcurrentStreams: 0 } });
    await expect(fanOut(refusing.endpoint).subscribeToShard(CONSUMER, 's', HORIZON)).rejects.toMatchObject({
      code: 'AWS_UNAVAILABLE',
    });
    expect(refusing.connections()).toBe(1);
    const leaving = await serve(
      'h2c',
      () => undefined,
      {},
      (session) => session.goaway(0),
    );
    await expect(fanOut(leaving.endpoint).subscribeToShard(CONSUMER, 's', HORIZON)).rejects.toMatchObject({
      code: 'AWS_UNAVAILABLE',
    });
    expect(leaving.connections()).toBe(1);
  });

  it('that are cut off with their connection have not come to their end', async () => {
    const server = await serve('h2c', (_request, response) => {
      begin(response)(subscriptionEvent([Buffer.from('a')])).catch(() => undefined);
    });
    const subscription = await fanOut(server.endpoint).subscribeToShard(CONSUMER, 's', HORIZON);
    expect((await subscription.next({}))?.records).toHaveLength(1);
    const next = subscription.next({});
    server.cut();
    await expect(next).rejects.toMatchObject({ code: 'AWS_UNAVAILABLE' });
  });

  it('leave no connection open that nobody uses', async () => {
    const clock = new ManualClock();
    const server = await serve('h2c', (_request, response) => void begin(response));
    const api = fanOut(server.endpoint, { clock, pingInterval: 15_000 });
    const subscription = await api.subscribeToShard(CONSUMER, 's', HORIZON);
    subscription.close();
    const [session] = server.sessions;
    const closed = new Promise<void>((resolve) => session?.once('close', resolve));
    // It hears of the stream's end before the next beat.
    await new Promise<void>((resolve) => session?.ping(() => resolve()));
    await clock.advance(30_000);
    await closed;
    expect(clock.pending).toBe(0);
    expect(server.connections()).toBe(1);
    await api.subscribeToShard(CONSUMER, 's', HORIZON);
    expect(server.connections()).toBe(2);
  });

  it('are reset at once when they are closed', async () => {
    const reset = deferred<number>();
    const server = await serve('h2c', (_request, response) => {
      begin(response);
      const { stream } = response as Http2ServerResponse;
      stream.once('close', () => reset.resolve(stream.rstCode ?? -1));
    });
    (await fanOut(server.endpoint).subscribeToShard(CONSUMER, 's', HORIZON)).close();
    const CANCEL = 8;
    expect(await reset.promise).toBe(CANCEL);
  });
});

describe('over TLS', () => {
  it.each([
    ['auto', 'h2', '2.0'],
    ['auto', 'https1', '1.1'],
    ['http1', 'h2', '1.1'],
  ] as const)('%s takes what a server of %s chooses: HTTP/%s', async (protocol, kind, version) => {
    const versions: string[] = [];
    const server = await serve(kind, ({ httpVersion }, response) => {
      versions.push(httpVersion);
      begin(response)(subscriptionEvent([Buffer.from('a')])).catch(() => undefined);
    });
    const api = fanOut(server.endpoint, { protocol });
    for (let count = 0; count < 2; count++) {
      const subscription = await api.subscribeToShard(CONSUMER, 's', HORIZON);
      expect((await subscription.next({}))?.records).toHaveLength(1);
    }
    expect(versions).toEqual([version, version]);
  });

  it('http2 is refused where the server does not speak it', async () => {
    const server = await serve('https1', () => undefined);
    await expect(fanOut(server.endpoint).subscribeToShard(CONSUMER, 's', HORIZON)).rejects.toMatchObject({
      code: 'AWS_TLS',
      hint: expect.stringContaining('subscribeProtocol'),
    });
  });

  it('a certificate that nobody vouches for is refused', async () => {
    const server = await serve('h2', () => undefined);
    const api = fanOut(server.endpoint, { protocol: 'auto', aws: { verifyCertificates: true } });
    await expect(api.subscribeToShard(CONSUMER, 's', HORIZON)).rejects.toMatchObject({ code: 'AWS_TLS' });
  });
});

describe.each(['http1', 'h2c'] as const)('a subscription over %s', (kind) => {
  const protocol = kind === 'h2c' ? 'http2' : 'http1';

  it('is signed, for the host that it goes to; the position and the Date of the answer are there', async () => {
    let seen: EventRequest | undefined;
    const server = await serve(kind, (request, response) => {
      seen = request;
      response.setHeader('date', 'Tue, 14 Nov 2023 22:13:21 GMT');
      begin(response);
    });
    const position = { type: 'AFTER_SEQUENCE_NUMBER', sequenceNumber: '49' } as const;
    const subscription = await fanOut(server.endpoint, { protocol }).subscribeToShard(
      CONSUMER,
      'shard-1',
      position,
    );
    expect(subscription.serviceTime).toBe(1_700_000_001_000);
    expect(seen?.body).toEqual({
      ConsumerARN: CONSUMER,
      ShardId: 'shard-1',
      StartingPosition: { Type: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: '49' },
    });
    const headers = seen?.headers ?? {};
    expect(headers[kind === 'h2c' ? ':authority' : 'host']).toBe(`127.0.0.1:${server.port}`);
    expect(headers['x-amz-target']).toBe('Kinesis_20131202.SubscribeToShard');
    expect(headers.authorization).toMatch(/Credential=AKIDEXAMPLE\/.*SignedHeaders=[^,]*host/);
    expect(headers['user-agent']).toContain('pulsar-io-kinesis');
  });

  it('that is refused is named', async () => {
    const server = await serve(kind, (_request, response) => {
      const message =
        'User: me is not authorized to perform: kinesis:SubscribeToShard on resource: arn:x because';
      (response as Http2ServerResponse).writeHead(400, { 'content-type': 'application/x-amz-json-1.1' });
      (response as Http2ServerResponse).end(
        JSON.stringify({ __type: 'com.amazon#AccessDeniedException', message }),
      );
    });
    await expect(
      fanOut(server.endpoint, { protocol }).subscribeToShard(CONSUMER, 's', HORIZON),
    ).rejects.toMatchObject({
      code: 'AWS_ACCESS_DENIED',
      hint: 'Grant kinesis:SubscribeToShard on arn:x to me.',
    });
  });

  it('whose answer never comes is given up, and so is one whose connection never stands', async () => {
    const silent = await serve(kind, () => undefined);
    const impatient = { requestTimeout: 50, connectTimeout: 50 };
    await expect(
      fanOut(silent.endpoint, { protocol, aws: impatient }).subscribeToShard(CONSUMER, 's', HORIZON),
    ).rejects.toMatchObject({ code: 'AWS_TIMEOUT' });
    const server = await serve('h2', () => undefined);
    const api = createFanOutApi(awsSettings(server.endpoint, impatient), {
      clock: systemClock,
      dial: (_origin, _protocols, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    });
    releases.push(() => api.close());
    await expect(api.subscribeToShard(CONSUMER, 's', HORIZON)).rejects.toMatchObject({ code: 'AWS_TIMEOUT' });
  });

  it('to a server that does not listen is unavailable', async () => {
    const server = await serve(kind, () => undefined);
    await releases.splice(0)[0]?.();
    await expect(
      fanOut(server.endpoint, { protocol }).subscribeToShard(CONSUMER, 's', HORIZON),
    ).rejects.toMatchObject({ code: 'AWS_UNAVAILABLE' });
  });

  it('is not waited for once the signal fires, and then takes nothing with it', async () => {
    const asked = deferred<EventResponse>();
    const server = await serve(kind, (_request, response) => asked.resolve(response));
    const stop = new AbortController();
    const reason = new ConnectorError('LEASE_LOST', 'gone');
    const subscribing = fanOut(server.endpoint, { protocol }).subscribeToShard(CONSUMER, 's', HORIZON, {
      signal: stop.signal,
    });
    const response = await asked.promise;
    const closed = new Promise<void>((resolve) => (response as Http2ServerResponse).once('close', resolve));
    stop.abort(reason);
    await expect(subscribing).rejects.toBe(reason);
    await closed;
  });

  it('ends with the API, whatever it is doing; nothing can be opened any more', async () => {
    let answered = 0;
    const server = await serve(kind, (_request, response) => {
      if (++answered <= 2) {
        begin(response);
      }
    });
    const api = fanOut(server.endpoint, { protocol });
    const stalled = await api.subscribeToShard(CONSUMER, 's', HORIZON);
    const waiting = (await api.subscribeToShard(CONSUMER, 's', HORIZON)).next({});
    const opening = api.subscribeToShard(CONSUMER, 's', HORIZON);
    await until(() => answered === 3);
    api.close();
    await expect(opening).rejects.toMatchObject({ code: 'SOURCE_CLOSED' });
    await expect(waiting).rejects.toMatchObject({ code: 'AWS_UNAVAILABLE' });
    await expect(stalled.next({})).rejects.toMatchObject({ code: 'AWS_UNAVAILABLE' });
    await expect(api.subscribeToShard(CONSUMER, 's', HORIZON)).rejects.toMatchObject({
      code: 'SOURCE_CLOSED',
    });
  });

  it('leaves nothing behind, over a hundred of them', async () => {
    const server = await serve(kind, (_request, response) => {
      begin(response)(subscriptionEvent([Buffer.from('a')])).catch(() => undefined);
    });
    const clock = new CountedTimers();
    const api = fanOut(server.endpoint, { protocol, clock });
    const { signal } = new AbortController();
    allowManyListeners(signal);
    for (let round = 0; round < 5; round++) {
      await Promise.all(
        Array.from({ length: 20 }, async () => {
          const subscription = await api.subscribeToShard(CONSUMER, 's', HORIZON, { signal });
          await subscription.next({ signal, admit: async () => undefined });
          subscription.close();
        }),
      );
    }
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    // The beat of the one connection.
    expect(clock.pending).toBe(kind === 'h2c' ? 1 : 0);
    expect(server.connections()).toBe(kind === 'h2c' ? 1 : 100);
  });
});

class CountedTimers implements Clock {
  readonly #timers = new Set<object>();
  readonly now = systemClock.now;
  readonly monotonic = systemClock.monotonic;

  get pending(): number {
    return this.#timers.size;
  }

  setTimer(callback: () => void, ms: number): object {
    const timer = systemClock.setTimer(() => {
      this.#timers.delete(timer);
      callback();
    }, ms);
    this.#timers.add(timer);
    return timer;
  }

  clearTimer(timer: object): void {
    this.#timers.delete(timer);
    systemClock.clearTimer(timer);
  }
}

describe('a connection', () => {
  it('that is not wanted any more when it stands is given up', async () => {
    const server = await serve('http1', () => undefined);
    const reason = new ConnectorError('LEASE_LOST', 'gone');
    const stop = new AbortController();
    const sockets: Socket[] = [];
    const api = createFanOutApi(awsSettings(server.endpoint), {
      clock: systemClock,
      dial: async (origin, protocols) => {
        const socket = await dialer()(origin, protocols, new AbortController().signal);
        sockets.push(socket);
        stop.abort(reason);
        return socket;
      },
    });
    releases.push(() => api.close());
    await expect(api.subscribeToShard(CONSUMER, 's', HORIZON, { signal: stop.signal })).rejects.toBe(reason);
    await until(() => sockets.length === 1 && sockets[0]?.destroyed === true);
  });

  it('is not waited for once the signal fires', async () => {
    const server = await serve('http1', () => undefined);
    const stop = new AbortController();
    const origin = { protocol: 'http:', hostname: '127.0.0.1', port: server.port } as const;
    const dialling = dialer()(origin, [], stop.signal);
    stop.abort(new Error('enough'));
    await expect(dialling).rejects.toThrow('enough');
  });
});
