import { Agent, type AgentOptions, type ClientRequestArgs } from 'node:http';
import { Agent as SecureAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import type { Clock } from '../util/clock';
import { withDeadline } from '../util/deadline';
import { type Dial, dialer, type NetworkSettings, notConnected, type Origin } from './dial';

/** Connects for an agent of Node. */
type Connect = (options: ClientRequestArgs, done: (error: Error | null, socket: Duplex) => void) => undefined;

/** What agents of Node hold by host: connections, and requests that wait for one. Their types show it read-only. */
interface Held {
  readonly sockets: { [name: string]: { destroy(): unknown }[] | undefined };
  readonly requests: {
    [name: string]: { onSocket(socket: undefined, error: Error): void }[] | undefined;
  };
}

export interface DialingOptions {
  readonly settings: NetworkSettings & {
    /** Milliseconds until a connection stands. */
    readonly connectTimeout: number;
  };
  readonly clock: Clock;
  readonly agent: AgentOptions;
  /** Connects; as `settings` say when absent. */
  readonly dial?: Dial;
}

/** Agents that keep connections as Node's do, and make them by `dial`: one for each scheme. */
export function dialingAgents(options: DialingOptions): {
  readonly httpAgent: Agent;
  readonly httpsAgent: SecureAgent;
} {
  const { settings, dial = dialer(settings) } = options;
  return {
    httpAgent: dialing(new Agent(options.agent), 'http:', { ...options, dial }),
    httpsAgent: dialing(new SecureAgent(options.agent), 'https:', { ...options, dial }),
  };
}

const closed = (): Error => Object.assign(new Error('the client was closed'), { code: 'ECONNRESET' });

function dialing<T extends Agent>(
  agent: T,
  protocol: Origin['protocol'],
  { settings, clock, dial }: DialingOptions & { readonly dial: Dial },
): T {
  const { sockets, requests } = agent as unknown as Held;
  const createConnection: Connect = (options, done) => {
    const name = agent.getName(options as Parameters<T['getName']>[0]);
    const origin = { protocol, hostname: String(options.host), port: Number(options.port) };
    const given = new AbortController();
    // Node counts a connection once it stands: until then this stands for it, or a burst would pass maxSockets.
    const place = { destroy: () => given.abort(closed()) };
    sockets[name] = [...(sockets[name] ?? []), place];
    const leave = (): void => {
      const others = (sockets[name] ?? []).filter((one) => one !== place);
      if (others.length > 0) {
        sockets[name] = others;
      } else {
        delete sockets[name];
      }
    };
    const { connectTimeout: ms } = settings;
    const late = (): Error => notConnected(settings, origin, ms);
    withDeadline(clock, ms, given.signal, late, (limit) => dial(origin, ['http/1.1'], limit)).then(
      (socket) => {
        leave();
        done(null, socket);
      },
      (error) => {
        leave();
        // Node takes no socket with an error; its type does not say so.
        (done as (error: Error) => void)(error);
        if (sockets[name] === undefined) {
          // No connection is left that could come free for those who wait for one.
          const waiting = requests[name] ?? [];
          delete requests[name];
          for (const request of waiting) {
            request.onSocket(undefined, error);
          }
        }
      },
    );
    return undefined;
  };
  return Object.assign(agent, { createConnection });
}
