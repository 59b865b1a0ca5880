import type { PulsarBroker } from '../support/pulsar-broker';

interface Stats {
  readonly msgInCounter?: number;
}

/** How many messages a topic has taken in, copies included, over restarts of its broker, which begins anew. */
export class StoredCount {
  readonly #broker: PulsarBroker;
  readonly #path: string;
  #before = 0;
  #last = 0;

  constructor(broker: PulsarBroker, topic: string, partitions: number) {
    this.#broker = broker;
    this.#path = `/persistent/public/default/${topic}/${partitions > 0 ? 'partitioned-stats' : 'stats'}`;
  }

  /** The count now; a broker that does not answer has taken nothing. */
  async look(): Promise<number> {
    const text = await this.#broker.admin('GET', this.#path).catch(() => undefined);
    const { msgInCounter = 0 } = JSON.parse(text ?? '{}') as Stats;
    if (msgInCounter < this.#last) {
      this.#before += this.#last;
    }
    this.#last = msgInCounter;
    return this.#before + this.#last;
  }
}
