import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext, TLSSocket } from 'node:tls';
import type { AwsSettings, ProxySettings } from '../config/types';
import { ConnectorError } from '../errors';
import { firstEvent } from './first-event';
import { goesDirect } from './no-proxy';
import { tunnel } from './proxy-tunnel';
import { TrustedAuthorities } from './trusted-authorities';

/** Where a connection goes to. */
export interface Origin {
  readonly protocol: 'http:' | 'https:';
  /** A name or an address; IPv6 without brackets. */
  readonly hostname: string;
  readonly port: number;
}

/** A protocol as ALPN names it. Source: IANA, TLS ALPN Protocol IDs. */
export type Alpn = 'h2' | 'http/1.1';

/**
 * Connects; over https with TLS, which agrees on one of `protocols` where the server knows ALPN.
 * @throws the error of the connection, the signal's reason, ConnectorError AWS_PROXY_UNAVAILABLE, AWS_PROXY_REFUSED,
 * AWS_TLS
 */
export type Dial = (origin: Origin, protocols: readonly Alpn[], signal: AbortSignal) => Promise<Socket>;

/** What decides how AWS is reached. */
export type NetworkSettings = Pick<AwsSettings, 'verifyCertificates' | 'caFile' | 'proxy'>;

export const DEFAULT_PORTS = { 'http:': 80, 'https:': 443 } as const;

/** Milliseconds without a byte after which TCP asks whether the other side is still there. */
const TCP_PROBE_MS = 30_000;

export function dialer({ verifyCertificates = true, caFile, proxy }: NetworkSettings = {}): Dial {
  const trusted = caFile === undefined ? undefined : TrustedAuthorities.of(caFile);
  return async (origin, protocols, signal) => {
    const context = await trusted?.context();
    signal.throwIfAborted();
    const secure: Secure = (socket, hostname, alpn) =>
      secured(socket, hostname, alpn, context, verifyCertificates, signal);
    const { protocol, hostname, port } = origin;
    const viaProxy = proxy !== undefined && !goesDirect(proxy.noProxy, hostname, port);
    const socket = viaProxy
      ? await tunnel(proxy, { hostname, port }, await connectedToProxy(proxy, secure, signal), signal)
      : await connected(hostname, port, signal);
    return protocol === 'http:' ? socket : secure(socket, hostname, protocols);
  };
}

type Secure = (socket: Socket, hostname: string, protocols: readonly Alpn[]) => Promise<Socket>;

async function connected(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  const socket = connectTcp({
    host,
    port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: TCP_PROBE_MS,
  });
  await firstEvent(socket, 'connect', signal);
  return socket;
}

async function secured(
  socket: Socket,
  hostname: string,
  protocols: readonly Alpn[],
  context: SecureContext | undefined,
  verifyCertificates: boolean,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const tls = connectTls({
    socket,
    // An address must not stand in the handshake as a name, but is compared with the certificate.
    host: hostname,
    ...(isIP(hostname) === 0 ? { servername: hostname } : {}),
    ALPNProtocols: [...protocols],
    ...(context === undefined ? {} : { secureContext: context }),
    // Where it is not switched off, Node's own switches (NODE_EXTRA_CA_CERTS and so on) hold.
    ...(verifyCertificates ? {} : { rejectUnauthorized: false }),
  });
  await firstEvent(tls, 'secureConnect', signal);
  return tls;
}

/** @throws ConnectorError AWS_PROXY_UNAVAILABLE, the signal's reason */
async function connectedToProxy(
  { url }: ProxySettings,
  secure: Secure,
  signal: AbortSignal,
): Promise<Socket> {
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const scheme = protocol === 'https:' ? protocol : 'http:';
  try {
    const socket = await connected(host, Number(port) || DEFAULT_PORTS[scheme], signal);
    return scheme === 'https:' ? await secure(socket, host, ['http/1.1']) : socket;
  } catch (error) {
    signal.throwIfAborted();
    throw new ConnectorError('AWS_PROXY_UNAVAILABLE', `no connection to the proxy ${url}`, { cause: error });
  }
}

/**
 * What a connection that did not stand within `ms` milliseconds fails with. Nothing was sent: `syscall` says so of the
 * direct one, the code of the other.
 */
export function notConnected({ proxy }: NetworkSettings, { hostname, port }: Origin, ms: number): Error {
  const message = `no connection to ${hostname}:${port} within ${ms} ms`;
  return proxy === undefined || goesDirect(proxy.noProxy, hostname, port)
    ? Object.assign(new Error(message), { name: 'TimeoutError', syscall: 'connect' })
    : new ConnectorError('AWS_PROXY_UNAVAILABLE', `${message} through the proxy ${proxy.url}`);
}

/** Whether TLS agreed on HTTP/2. */
export function agreedOnHttp2(socket: Socket): boolean {
  return socket instanceof TLSSocket && socket.alpnProtocol === 'h2';
}
