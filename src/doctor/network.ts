import { lookup } from 'node:dns/promises';
import { connect, type Socket } from 'node:net';

/** The network as a parameter. */
export interface Network {
  /** Addresses of a name, or of what is one already. @throws as Node does */
  lookup(host: string): Promise<readonly string[]>;
  /** Starts a TCP connection; must not throw. */
  connect(host: string, port: number): Socket;
}

export const systemNetwork: Network = {
  lookup: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
  connect: (host, port) => connect({ host, port, noDelay: true }),
};
