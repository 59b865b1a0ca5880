import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import { firstEvent } from './first-event';

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
 * @throws the error of the connection, the signal's reason
 */
export type Dial = (origin: Origin, protocols: readonly Alpn[], signal: AbortSignal) => Promise<Socket>;

/** Milliseconds without a byte after which TCP asks whether the other side is still there. */
const TCP_PROBE_MS = 30_000;

/** @param verifyCertificates false: any certificate will do. */
export function dialer(verifyCertificates = true): Dial {
  return async ({ protocol, hostname: host, port }, protocols, signal) => {
    const place = { host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: TCP_PROBE_MS };
    if (protocol === 'http:') {
      const socket = connectTcp(place);
      await firstEvent(socket, 'connect', signal);
      return socket;
    }
    const socket = connectTls({
      ...place,
      ALPNProtocols: [...protocols],
      ...(isIP(host) === 0 ? { servername: host } : {}),
      // Where it is not switched off, Node's own switches (NODE_EXTRA_CA_CERTS and so on) hold.
      ...(verifyCertificates ? {} : { rejectUnauthorized: false }),
    });
    await firstEvent(socket, 'secureConnect', signal);
    return socket;
  };
}

/** Whether TLS agreed on HTTP/2. */
export function agreedOnHttp2(socket: Socket): boolean {
  return socket instanceof TLSSocket && socket.alpnProtocol === 'h2';
}
