import type { StoredMessage } from './memory-message';

/**
 * Which consumer a key goes to on a Key_Shared subscription: the one that holds unsettled messages of it, else
 * the one its hash names. Messages without a key share one, as in Pulsar.
 */
export class MemoryKeyHolders<S> {
  readonly #holders = new Map<string, { readonly holder: S; messages: number }>();

  of({ key = '' }: StoredMessage, subscribers: readonly S[]): S | undefined {
    return this.#holders.get(key)?.holder ?? subscribers[hashOf(key) % subscribers.length];
  }

  took({ key = '' }: StoredMessage, holder: S): void {
    const held = this.#holders.get(key);
    if (held === undefined) {
      this.#holders.set(key, { holder, messages: 1 });
    } else {
      held.messages++;
    }
  }

  released({ key = '' }: StoredMessage): void {
    const held = this.#holders.get(key);
    if (held !== undefined && --held.messages === 0) {
      this.#holders.delete(key);
    }
  }
}

/** FNV-1a over UTF-16 units: any stable hash will do. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) {
    hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}
