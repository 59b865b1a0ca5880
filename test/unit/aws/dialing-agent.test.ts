import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Dial } from '../../../src/aws/dial';
import { dialingAgents } from '../../../src/aws/dialing-agent';
import { type Deferred, deferred } from '../../../src/util/deferred';
import { ManualClock } from '../../support/manual-clock';

const MOST = 2;

let server: Server;
let port: number;
/** Dials under way, in the order in which they were begun. */
let dials: { readonly answer: Deferred<void>; readonly signal: AbortSignal }[];

beforeEach(async () => {
  server = createServer((_request, answer) => void answer.end('well')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
  dials = [];
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const dial: Dial = async ({ hostname, port: to }, _protocols, signal) => {
  const answer = deferred<void>();
  signal.addEventListener('abort', () => answer.reject(signal.reason));
  dials.push({ answer, signal });
  await answer.promise;
  const socket = connect(to, hostname);
  await once(socket, 'connect');
  return socket;
};

function agents() {
  const settings = { connectTimeout: 1000 };
  const clock = new ManualClock();
  return dialingAgents({ settings, clock, dial, agent: { keepAlive: true, maxSockets: MOST } });
}

/** The answers, or errors, of requests made at once. */
function ask(agent: ReturnType<typeof agents>['httpAgent'], count: number): Promise<string>[] {
  return Array.from({ length: count }, () => {
    const asked = request({ host: '127.0.0.1', port, agent });
    asked.end();
    return once(asked, 'response').then(
      ([answer]) => {
        answer.resume();
        return 'answered';
      },
      (error: Error) => error.message,
    );
  });
}

test('connections that are being made count: a burst makes no more of them than maxSockets', async () => {
  const { httpAgent } = agents();
  const asked = ask(httpAgent, 5);
  expect(dials).toHaveLength(MOST);
  for (const { answer } of dials) {
    answer.resolve();
  }
  expect(await Promise.all(asked)).toEqual(asked.map(() => 'answered'));
  expect(dials).toHaveLength(MOST);
  httpAgent.destroy();
});

test('those who wait for a connection fail with the last one that could not be made, and later ones are served', async () => {
  const { httpAgent } = agents();
  const asked = ask(httpAgent, 5);
  for (const { answer } of dials) {
    answer.reject(new Error('the proxy is away'));
  }
  expect(await Promise.all(asked)).toEqual(asked.map(() => 'the proxy is away'));
  expect(dials).toHaveLength(MOST);
  const [again] = ask(httpAgent, 1);
  dials.at(-1)?.answer.resolve();
  expect(await again).toBe('answered');
  httpAgent.destroy();
});

test('those who wait are served by a connection that stands though another one failed', async () => {
  const { httpAgent } = agents();
  const asked = ask(httpAgent, 4);
  dials[0]?.answer.reject(new Error('the proxy is away'));
  dials[1]?.answer.resolve();
  expect((await Promise.all(asked)).toSorted()).toEqual([
    'answered',
    'answered',
    'answered',
    'the proxy is away',
  ]);
  httpAgent.destroy();
});

test('closing gives up connections that are being made', async () => {
  const { httpAgent } = agents();
  const [asked] = ask(httpAgent, 1);
  httpAgent.destroy();
  expect(await asked).toBe('the client was closed');
  expect(dials[0]?.signal.aborted).toBe(true);
});
