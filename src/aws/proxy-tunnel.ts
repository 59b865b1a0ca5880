import { type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import type { ProxySettings } from '../config/types';
import { ConnectorError } from '../errors';
import { firstEvent } from './first-event';

/**
 * A connection through a proxy that says nothing but what is sent through it: TLS, and HTTP/1.1 or HTTP/2 in it, are
 * those of the server. The agents of npm answer a request with the refusal of the proxy, as if AWS had said it, and
 * cannot be told to give up a connection that is being made. Source: RFC 9110, 9.3.6 (CONNECT), 11.7 (Basic).
 * @param socket Connected to the proxy; closed when it refuses.
 * @throws ConnectorError AWS_PROXY_REFUSED, AWS_PROXY_UNAVAILABLE; the signal's reason
 */
export async function tunnel(
  proxy: ProxySettings,
  target: { readonly hostname: string; readonly port: number },
  socket: Socket,
  signal: AbortSignal,
): Promise<Socket> {
  const { hostname, port } = target;
  const authority = `${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`;
  const asked = request({
    method: 'CONNECT',
    path: authority,
    headers: { host: authority, ...authorization(proxy) },
    createConnection: () => socket,
  });
  let ahead: Buffer | undefined;
  asked.once('connect', (_answer, _socket, head: Buffer) => {
    ahead = head;
  });
  asked.end();
  let status: number;
  try {
    const answer = await firstEvent<IncomingMessage>(asked, 'connect', signal);
    status = answer.statusCode ?? 0;
  } catch (cause) {
    signal.throwIfAborted();
    const message = `the proxy ${proxy.url} did not answer for ${authority}`;
    throw new ConnectorError('AWS_PROXY_UNAVAILABLE', message, { cause });
  }
  if (status < 200 || status >= 300) {
    socket.destroy();
    throw refusal(proxy, authority, status);
  }
  if (ahead !== undefined && ahead.length > 0) {
    socket.unshift(ahead);
  }
  return socket;
}

function authorization({ credentials }: ProxySettings): { 'proxy-authorization'?: string } {
  if (credentials === undefined) {
    return {};
  }
  const pair = `${credentials.username}:${credentials.password.reveal()}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}

function refusal({ url }: ProxySettings, authority: string, status: number): ConnectorError {
  const message = `the proxy ${url} does not connect to ${authority}: HTTP ${status}`;
  if (status >= 500) {
    return new ConnectorError('AWS_PROXY_UNAVAILABLE', message);
  }
  const hint =
    status === 407
      ? { hint: 'Set aws.proxy.username and password: the proxy asks for others, or for any.' }
      : {};
  return new ConnectorError('AWS_PROXY_REFUSED', message, hint);
}
