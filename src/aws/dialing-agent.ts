import { Agent, type AgentOptions, type ClientRequestArgs } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import type { Clock } from '../util/clock';
import { withDeadline } from '../util/deadline';
import type { Dial, Origin } from './dial';

/** Connects for an agent of Node. */
type Connect = (options: ClientRequestArgs, done: (error: Error | null, socket: Duplex) => void) => undefined;

export interface DialingOptions extends AgentOptions {
  readonly dial: Dial;
  readonly clock: Clock;
  /** Milliseconds until a connection stands. */
  readonly connectTimeout: number;
}

/** Agents that keep connections as Node's do, and make them by `dial`: one for each scheme. */
export function dialingAgents({ dial, clock, connectTimeout, ...options }: DialingOptions): {
  readonly httpAgent: Agent;
  readonly httpsAgent: SecureAgent;
} {
  const connect =
    (protocol: Origin['protocol']): Connect =>
    ({ host, port }, done) => {
      const origin = { protocol, hostname: String(host), port: Number(port) };
      const late = (): Error =>
        Object.assign(new Error(`no connection within ${connectTimeout} ms`), { name: 'TimeoutError' });
      withDeadline(clock, connectTimeout, new AbortController().signal, late, (limit) =>
        dial(origin, ['http/1.1'], limit),
      ).then(
        (socket) => done(null, socket),
        // Node takes no socket with an error; its type does not say so.
        (error) => (done as (error: Error) => void)(error),
      );
      return undefined;
    };
  return {
    httpAgent: Object.assign(new Agent(options), { createConnection: connect('http:') }),
    httpsAgent: Object.assign(new SecureAgent(options), { createConnection: connect('https:') }),
  };
}
