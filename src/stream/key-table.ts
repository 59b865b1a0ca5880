import { WireReader } from './wire-reader';

/** Keys that are remembered once read. */
const SLOTS = 1024;

/**
 * Bytes of a long key, which is always remembered: records that name such keys in turn must neither read them each time
 * nor keep a copy each, which is more than what a record is counted with.
 */
const LONG_BYTES = 128;

interface Key {
  readonly index: number;
  readonly text: string;
  /** Whether it lies in the window last asked about; undefined while nobody has asked. */
  inside: boolean | undefined;
}

/** A table of keys in a frame, each read when it is asked for; costs four bytes a key and what it remembers. */
export class KeyTable {
  readonly #bytes: Buffer;
  /** Where the length of each key stands. */
  readonly #places: Uint32Array;
  readonly #slots: (Key | undefined)[];
  readonly #long = new Map<number, Key>();

  /** @param places where the length of each key stands in `bytes`; checked */
  constructor(bytes: Uint8Array, places: Uint32Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#places = places;
    this.#slots = new Array<Key | undefined>(Math.min(SLOTS, places.length));
  }

  /** The key at `index`; undefined when there is none. Bytes that are no UTF-8 become U+FFFD, as in the KCL. */
  at(index: number): string | undefined {
    return this.#key(index)?.text;
  }

  /**
   * Whether the key at `index` passes `test`, which is asked once for a key that is remembered; undefined when there
   * is no such key.
   */
  passes(index: number, test: (text: string) => boolean): boolean | undefined {
    const key = this.#key(index);
    if (key === undefined) {
      return undefined;
    }
    key.inside ??= test(key.text);
    return key.inside;
  }

  #key(index: number): Key | undefined {
    const slot = index % this.#slots.length;
    const known = this.#slots[slot];
    if (known?.index === index) {
      return known;
    }
    const place = this.#places[index];
    if (place === undefined) {
      return undefined;
    }
    const long = this.#long.get(index);
    if (long !== undefined) {
      return long;
    }
    const reader = new WireReader(this.#bytes, place, this.#bytes.length);
    const length = reader.length();
    const key = {
      index,
      text: this.#bytes.toString('utf8', reader.at, reader.at + length),
      inside: undefined,
    };
    if (length > LONG_BYTES) {
      this.#long.set(index, key);
    } else {
      this.#slots[slot] = key;
    }
    return key;
  }
}
