import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What an issuer answers to one request for a token. */
export interface TokenAnswer {
  readonly status?: number;
  readonly body: object;
}

/** An OAuth2 issuer on 127.0.0.1 that knows the flow of client credentials. */
export class TokenIssuer {
  /** The forms that were posted. */
  readonly asked: { readonly [field: string]: string }[] = [];
  readonly #server: Server;
  readonly #answer: (form: { readonly [field: string]: string }, count: number) => TokenAnswer;

  private constructor(answer: (form: { readonly [field: string]: string }, count: number) => TokenAnswer) {
    this.#answer = answer;
    this.#server = createServer((request, response) => void this.#handle(request, response));
  }

  /** @param answer what a form gets; `count` from 1. */
  static async start(
    answer: (form: { readonly [field: string]: string }, count: number) => TokenAnswer,
  ): Promise<TokenIssuer> {
    const issuer = new TokenIssuer(answer);
    issuer.#server.listen(0, '127.0.0.1');
    await once(issuer.#server, 'listening');
    return issuer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/realm/`;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) {
      chunks.push(chunk);
    }
    const found = this.#find(request, Buffer.concat(chunks).toString());
    response.writeHead(found.status ?? 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(found.body));
  }

  #find({ url, method }: IncomingMessage, body: string): TokenAnswer {
    if (url === '/realm/.well-known/openid-configuration') {
      return { body: { token_endpoint: `${this.url}token` } };
    }
    if (url !== '/realm/token' || method !== 'POST') {
      return { status: 404, body: {} };
    }
    const form = Object.fromEntries(new URLSearchParams(body));
    this.asked.push(form);
    return this.#answer(form, this.asked.length);
  }
}

/** A JSON web token, signed by HMAC (RFC 7519, HS256). */
export function webToken(claims: object, secret: Buffer): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}
