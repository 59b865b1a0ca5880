import { Connection } from './connection';
import type { BrokerAddress, ConnectionSettings } from './endpoint';

/** One connection a broker, opened when first wanted and again after it was lost. */
export class ConnectionPool {
  readonly #settings: ConnectionSettings;
  readonly #signal: AbortSignal;
  readonly #connections = new Map<string, Promise<Connection>>();

  /** @param signal ends every connection, those that are being opened too. */
  constructor(settings: ConnectionSettings, signal: AbortSignal) {
    this.#settings = settings;
    this.#signal = signal;
  }

  /** @throws ProtocolError */
  async get(address: BrokerAddress): Promise<Connection> {
    this.#signal.throwIfAborted();
    const key = `${address.host}:${address.port} ${address.proxyTo ?? ''}`;
    return this.#connections.get(key) ?? this.#open(key, address);
  }

  #open(key: string, address: BrokerAddress): Promise<Connection> {
    const opening = Connection.open(address, this.#settings, this.#signal);
    const forget = (): void => {
      if (this.#connections.get(key) === opening) {
        this.#connections.delete(key);
      }
    };
    this.#connections.set(key, opening);
    opening.then((connection) => connection.ended.then(forget), forget);
    return opening;
  }
}
