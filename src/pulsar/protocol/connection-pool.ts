import { Connection } from './connection';
import type { BrokerAddress, ConnectionSettings } from './endpoint';

/** The connections to each broker, opened when first wanted and again after they were lost. */
export class ConnectionPool {
  readonly #settings: ConnectionSettings;
  readonly #signal: AbortSignal;
  readonly #connections = new Map<string, Promise<Connection>>();
  /** How often one was given away, by broker. */
  readonly #turns = new Map<string, number>();

  /** @param signal ends every connection, those that are being opened too. */
  constructor(settings: ConnectionSettings, signal: AbortSignal) {
    this.#settings = settings;
    this.#signal = signal;
  }

  /** The connection of lookups. @throws ProtocolError */
  get(address: BrokerAddress): Promise<Connection> {
    return this.#connection(address, 0);
  }

  /** One for a producer or consumer: each of `connectionsPerBroker` in turn. @throws ProtocolError */
  share(address: BrokerAddress): Promise<Connection> {
    const broker = keyOf(address);
    const turn = this.#turns.get(broker) ?? 0;
    this.#turns.set(broker, turn + 1);
    return this.#connection(address, turn % (this.#settings.connectionsPerBroker ?? 1));
  }

  async #connection(address: BrokerAddress, number: number): Promise<Connection> {
    this.#signal.throwIfAborted();
    const key = `${keyOf(address)} ${number}`;
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

function keyOf({ host, port, proxyTo }: BrokerAddress): string {
  return `${host}:${port} ${proxyTo ?? ''}`;
}
