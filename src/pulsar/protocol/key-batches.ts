import type { OutgoingMessage } from './message';

/**
 * The open batches of a producer that batches by key: one a key, so that a Key_Shared reader gets whole batches of its
 * keys. All are closed together, by the limits of one. Messages without a key share one.
 * Source: Pulsar `BatchMessageKeyBasedContainer`.
 */
export class KeyBatches<M extends OutgoingMessage> {
  #byKey = new Map<string | undefined, M[]>();
  #count = 0;
  #bytes = 0;

  /** Messages of all batches together. */
  get count(): number {
    return this.#count;
  }

  /** Bytes of all batches together, values and metadata. */
  get bytes(): number {
    return this.#bytes;
  }

  add(message: M, bytes: number): void {
    const key = readersKey(message);
    const batch = this.#byKey.get(key);
    if (batch === undefined) {
      this.#byKey.set(key, [message]);
    } else {
      batch.push(message);
    }
    this.#count++;
    this.#bytes += bytes;
  }

  /** Takes all batches out, in the order in which they were begun. */
  take(): Iterable<readonly M[]> {
    const batches = this.#byKey.values();
    this.#byKey = new Map();
    this.#count = 0;
    this.#bytes = 0;
    return batches;
  }
}

/** What Key_Shared readers go by; kinds of keys that only read the same are told apart. */
function readersKey({ key, keyIsBase64, orderingKey }: OutgoingMessage): string | undefined {
  if (orderingKey !== undefined) {
    return `ordering ${orderingKey}`;
  }
  return key === undefined ? undefined : `${keyIsBase64 === true ? 'base64' : 'text'} ${key}`;
}
