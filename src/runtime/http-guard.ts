import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { HttpSettings } from '../config';
import { isLoopback } from '../config/http-settings';

/** Asked by orchestrators, which have no token. */
const OPEN = ['/live', '/ready'];

/** A refusal, as its answer says it. */
export interface Refusal {
  readonly status: number;
  readonly error: string;
}

/** What is looked at of a request. */
export interface Asked {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Whether the answer is the same for everybody: the page without its data. */
  readonly isPublic: boolean;
  readonly headers: { readonly [name: string]: string | readonly string[] | undefined };
}

/**
 * Why a request gets no answer; undefined when it gets one. Everything is read-only; nevertheless a page of another
 * origin, open in the browser of somebody who reaches this port, must neither read what is here nor cause calls to AWS.
 */
export function refusalOf(settings: HttpSettings, asked: Asked): Refusal | undefined {
  const { host = '', authorization, 'sec-fetch-site': site } = asked.headers;
  if (asked.method !== 'GET' && asked.method !== 'HEAD') {
    return { status: 405, error: 'nothing can be changed here: there are GET and HEAD' };
  }
  // A name that an attacker's DNS points at this machine arrives here as the name.
  if (isLoopback(settings.host) && !isLoopback(hostnameOf(String(host)))) {
    return { status: 421, error: 'this port answers to localhost and 127.0.0.1 only' };
  }
  if (OPEN.includes(asked.path)) {
    return undefined;
  }
  if (!asked.isPublic && site !== undefined && site !== 'same-origin' && site !== 'none') {
    return { status: 403, error: 'not for pages of other origins' };
  }
  if (!asked.isPublic && settings.token !== undefined && !isToken(authorization, settings.token.reveal())) {
    return { status: 401, error: 'this needs the header Authorization: Bearer TOKEN, with http.token' };
  }
  return undefined;
}

/** Applies `refusalOf`, and what browsers are to be told, to every request. */
export function guard(server: FastifyInstance, settings: HttpSettings): void {
  server.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    reply.headers({
      'cache-control': 'no-store',
      'cross-origin-resource-policy': 'same-origin',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    });
    const [path = ''] = request.url.split('?');
    const { method, headers, routeOptions } = request;
    const isPublic = routeOptions.config?.isPublic === true;
    const refusal = refusalOf(settings, { method, path, isPublic, headers });
    if (refusal?.status === 401) {
      reply.header('www-authenticate', 'Bearer');
    }
    if (refusal?.status === 405) {
      reply.header('allow', 'GET, HEAD');
    }
    if (refusal !== undefined) {
      await reply.code(refusal.status).send({ error: refusal.error });
    }
  });
}

/** Of digests: the time that the comparison takes says nothing of either text, its length included. */
function isToken(header: string | readonly string[] | undefined, token: string): boolean {
  const [, given = ''] = /^Bearer +(\S+) *$/i.exec(String(header)) ?? [];
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}

/** Of a Host header: without the port. */
function hostnameOf(host: string): string {
  return host.replace(/:\d*$/, '');
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the answer is the same for everybody. */
    isPublic?: boolean;
  }
}
