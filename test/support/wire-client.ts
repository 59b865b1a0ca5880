import { once } from 'node:events';
import { Agent, request as http1Request } from 'node:http';
import { connect } from 'node:http2';
import type { Readable } from 'node:stream';

export interface WireHead {
  readonly status: number;
  readonly headers: { readonly [name: string]: string | string[] | undefined };
  /** Paused: what is not read is not taken out of the connection. */
  readonly body: Readable;
  /** Whether the body broke off, once it has come to its end. */
  isBroken(): boolean;
  /** Ends this exchange alone, or with its connection where there is no other way. */
  abandon(): void;
}

/** Posts over one version of HTTP; the connection is kept. */
export interface WireClient {
  /** Rejects when the connection breaks before the head of the answer. */
  post(headers: { readonly [name: string]: string }, body: string | Uint8Array): Promise<WireHead>;
  close(): void;
}

export const WIRE_CLIENTS: readonly (readonly [version: string, open: (port: number) => WireClient])[] = [
  ['HTTP/1.1', http1Client],
  ['HTTP/2', http2Client],
];

/** The whole body; rejects when it breaks off. */
export async function bodyOf({ body, isBroken }: WireHead): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) {
    chunks.push(chunk as Buffer);
  }
  if (isBroken()) {
    throw new Error('the answer was cut off');
  }
  return Buffer.concat(chunks);
}

function http1Client(port: number): WireClient {
  const agent = new Agent({ keepAlive: true });
  return {
    async post(headers, body) {
      const call = http1Request({ host: '127.0.0.1', port, method: 'POST', agent, headers });
      call.end(body);
      const [answer] = await once(call, 'response');
      return {
        status: answer.statusCode,
        headers: answer.headers,
        body: answer,
        isBroken: () => !answer.complete,
        abandon: () => answer.destroy(),
      };
    },
    close: () => agent.destroy(),
  };
}

function http2Client(port: number): WireClient {
  const session = connect(`http://127.0.0.1:${port}`);
  // Told to every call under way.
  session.on('error', () => undefined);
  return {
    async post(headers, body) {
      const call = session.request({ ':method': 'POST', ':path': '/', ...headers });
      call.end(body);
      const cut = once(call, 'close').then(() => {
        throw new Error('the connection was cut before an answer');
      });
      const [head] = await Promise.race([once(call, 'response'), cut]);
      cut.catch(() => undefined);
      return {
        status: head[':status'],
        headers: head,
        body: call,
        // Node ends the body of a stream that goes with its connection as if it were whole.
        isBroken: () => call.rstCode !== 0,
        abandon: () => call.close(),
      };
    },
    close: () => session.destroy(),
  };
}
