import type { IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createProxy } from 'proxy';

export interface ProxyOptions {
  /** `user:password` that it asks for; nobody is asked when absent. */
  readonly password?: string;
}

/** A real HTTP proxy on a port of this machine, which counts what goes through it. */
export class CountingProxy {
  readonly url: string;
  /** `host:port` of every connection asked for, in order, refused ones too. */
  readonly targets: string[] = [];
  readonly #close: () => Promise<void>;
  readonly #sockets = new Set<Socket>();

  private constructor(port: number, close: () => Promise<void>) {
    this.url = `http://127.0.0.1:${port}`;
    this.#close = close;
  }

  /** @param port any free one when absent */
  static async start({ password }: ProxyOptions = {}, port = 0): Promise<CountingProxy> {
    const server = createProxy();
    if (password !== undefined) {
      const expected = `Basic ${Buffer.from(password).toString('base64')}`;
      server.authenticate = ({ headers }) => headers['proxy-authorization'] === expected;
    }
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const proxy = new CountingProxy(
      (server.address() as AddressInfo).port,
      () => new Promise((resolve) => server.close(() => resolve())),
    );
    server.on('connection', (socket) => {
      proxy.#sockets.add(socket);
      socket.once('close', () => proxy.#sockets.delete(socket));
    });
    server.prependListener('connect', (request: IncomingMessage) => proxy.targets.push(String(request.url)));
    server.prependListener('request', (request: IncomingMessage) => proxy.targets.push(String(request.url)));
    return proxy;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** Connections that stand now. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Cuts what goes through it. */
  cut(): void {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
  }

  /** Ends it, and what goes through it. */
  close(): Promise<void> {
    const closed = this.#close();
    this.cut();
    return closed;
  }
}
