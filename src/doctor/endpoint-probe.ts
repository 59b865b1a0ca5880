import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { agreedOnHttp2 } from '../aws/dial';
import { firstEvent } from '../aws/first-event';
import { ConnectorError, type ErrorCode, messageOf } from '../errors';
import { throwIfAborted } from '../util/abort';
import type { Clock } from '../util/clock';
import { withDeadline } from '../util/deadline';
import { type ShownCertificate, shownCertificate } from './certificate';
import { readHead, requestHead } from './http-head';
import type { Network } from './network';

export interface Place {
  /** A name or an address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

export interface ProbeOrder {
  readonly place: Place;
  /** Where a connection goes to first: a proxy, or the place itself. */
  readonly hop: Place;
  /** The whole way as the client itself goes it: through a proxy, with TLS. @throws what went wrong */
  dial(signal: AbortSignal): Promise<Socket>;
  /** Whether something that speaks HTTP listens: then it is asked for the time. */
  readonly http: boolean;
  readonly codes: { readonly unreachable: ErrorCode; readonly tls: ErrorCode };
  /** Milliseconds that each step may take. */
  readonly stepTimeout: number;
}

/** How far a connection came, and how long each step took, milliseconds. */
export interface Reached {
  /** Of the hop. */
  readonly addresses: readonly string[];
  readonly lookupMs: number;
  readonly connectMs: number;
  /** The whole way once more, with TLS. */
  readonly dialMs: number;
  /** Undefined without TLS. */
  readonly tls:
    | {
        readonly version: string;
        /** Whether both sides agreed on HTTP/2. */
        readonly http2: boolean;
        readonly certificate: ShownCertificate | undefined;
      }
    | undefined;
  /** Milliseconds by which the clock of the service is ahead of ours; undefined when it did not tell. */
  readonly clockAhead: number | undefined;
}

export interface ProbeParts {
  readonly network: Network;
  readonly clock: Clock;
}

/**
 * Goes to an address step by step: name, connection, the whole way, and one request without credentials.
 * @throws ConnectorError that names the step; the signal's reason
 */
export async function probe(order: ProbeOrder, parts: ProbeParts, signal: AbortSignal): Promise<Reached> {
  const { place, hop, codes, stepTimeout } = order;
  const { clock, network } = parts;
  const step = async <T>(failing: Step, work: Work<T>): Promise<readonly [T, number]> => {
    const begun = clock.monotonic();
    const late = (): Error => new Error(`not within ${stepTimeout} ms`);
    try {
      return [await withDeadline(clock, stepTimeout, signal, late, work), clock.monotonic() - begun];
    } catch (error) {
      throwIfAborted(signal);
      throw stepFailed(failing, error);
    }
  };
  const { unreachable } = codes;
  const at = `${hop.host}:${hop.port}`;
  const [addresses, lookupMs] = await step(
    { what: `the name ${hop.host} cannot be resolved`, code: unreachable, hint: NAME_HINT },
    () => network.lookup(hop.host),
  );
  const [, connectMs] = await step(
    { what: `no connection to ${at}`, code: unreachable, hint: CONNECTION_HINT },
    async (limit) => {
      const socket = network.connect(hop.host, hop.port);
      await firstEvent(socket, 'connect', limit).finally(() => socket.destroy());
    },
  );
  const [socket, dialMs] = await step(
    { what: `${place.host}:${place.port} does not prove who it is`, code: codes.tls },
    (limit) => order.dial(limit),
  );
  try {
    // Before anything is asked: a connection that has ended shows its certificate no more.
    const tls = protection(socket);
    const clockAhead = order.http ? await toldTime(order, socket, clock, signal) : undefined;
    return { addresses, lookupMs, connectMs, dialMs, tls, clockAhead };
  } finally {
    socket.destroy();
  }
}

const NAME_HINT = 'Check the name, and the DNS that this machine asks.';
const CONNECTION_HINT =
  'Check that something listens there, and firewalls, security groups, routes and VPC endpoints on the way.';

interface Step {
  /** What it means when it fails. */
  readonly what: string;
  readonly code: ErrorCode;
  /** That of the code when absent. */
  readonly hint?: string;
}

type Work<T> = (signal: AbortSignal) => Promise<T>;

/** Undefined where nobody tells, or only after a long time: whether a service answers is for others to find out. */
async function toldTime(
  { place, stepTimeout }: ProbeOrder,
  socket: Socket,
  clock: Clock,
  signal: AbortSignal,
): Promise<number | undefined> {
  const late = (): Error => new Error('no answer');
  try {
    return await withDeadline(clock, stepTimeout, signal, late, () => askTime(socket, place.host, clock));
  } catch {
    throwIfAborted(signal);
    return undefined;
  }
}

/** The Date header has whole seconds: its middle is compared with the middle of the exchange. */
async function askTime(socket: Socket, host: string, clock: Clock): Promise<number | undefined> {
  const begun = clock.now();
  socket.write(requestHead('GET', '/', { host, connection: 'close', 'user-agent': 'pulsar-io-kinesis' }));
  const { headers } = await readHead(socket);
  const date = Date.parse(headers.get('date') ?? '');
  return Number.isNaN(date) ? undefined : date + 500 - (begun + clock.now()) / 2;
}

function protection(socket: Socket): Reached['tls'] {
  return socket instanceof TLSSocket
    ? {
        version: socket.getProtocol() ?? 'TLS',
        http2: agreedOnHttp2(socket),
        certificate: shownCertificate(socket.getPeerCertificate()),
      }
    : undefined;
}

function stepFailed({ what, code, hint }: Step, error: unknown): ConnectorError {
  if (error instanceof ConnectorError) {
    return error;
  }
  const why = error instanceof AggregateError ? error.errors.map(messageOf).join('; ') : messageOf(error);
  return new ConnectorError(code, `${what}: ${why}`, hint === undefined ? {} : { hint });
}
