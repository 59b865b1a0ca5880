import type { Socket } from 'node:net';

/** Bytes before the body of an answer; what is longer is no answer to us. */
const MAX_BYTES = 64 * 1024;

export interface HttpHead {
  readonly status: number;
  /** By their names in small letters. */
  readonly headers: ReadonlyMap<string, string>;
}

/** The head of a request without a body. */
export function requestHead(
  method: string,
  target: string,
  headers: { readonly [name: string]: string },
): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return `${[`${method} ${target} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n`;
}

/**
 * The head of the answer that comes next; what is behind it stays in the socket.
 * @throws Error what comes is no HTTP, or the connection has ended before it
 */
export async function readHead(socket: Socket): Promise<HttpHead> {
  let text = '';
  for (;;) {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) {
      await readable(socket);
      continue;
    }
    text += chunk.toString('latin1');
    const end = text.indexOf('\r\n\r\n');
    if (end >= 0) {
      const rest = text.slice(end + 4);
      if (rest !== '') {
        socket.unshift(Buffer.from(rest, 'latin1'));
      }
      return parseHead(text.slice(0, end));
    }
    if (text.length > MAX_BYTES) {
      throw new Error('it answers something else than HTTP');
    }
  }
}

/** @throws Error */
export function parseHead(text: string): HttpHead {
  const [first = '', ...lines] = text.split('\r\n');
  const [, status] = /^HTTP\/1\.\d (\d{3})\b/.exec(first) ?? [];
  if (status === undefined) {
    throw new Error('it answers something else than HTTP');
  }
  const headers = lines.map((line) => {
    const at = line.indexOf(':');
    return [line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim()] as const;
  });
  return { status: Number(status), headers: new Map(headers) };
}

function readable(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (act: () => void) => (): void => {
      socket.off('readable', onReadable).off('end', onEnd).off('close', onEnd).off('error', onError);
      act();
    };
    const onReadable = done(resolve);
    const onEnd = done(() => reject(new Error('the connection ended without an answer')));
    const onError = (error: Error): void => done(() => reject(error))();
    socket.on('readable', onReadable).on('end', onEnd).on('close', onEnd).on('error', onError);
  });
}
