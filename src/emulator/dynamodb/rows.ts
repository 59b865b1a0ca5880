import { createHash } from 'node:crypto';
import { type AttributeValue, compareScalars, type Item } from './attribute-value';
import type { KeySchema } from './key-schema';

/** An item with its place in the order of a scan. The item is replaced by a write, never changed. */
export interface Row {
  /** Hash of the hash key, 32 bits: rows lie in this order, and scan segments cut it into equal parts. */
  readonly bucket: number;
  item: Item;
}

export const BUCKETS = 2 ** 32;

export function bucketOf(item: Item, { hash }: KeySchema): number {
  return createHash('md5').update(JSON.stringify(item[hash.name])).digest().readUInt32BE(0);
}

/** Rows of one hash key lie together, in the order of their range keys. */
export function compareRows(a: Row, b: Row, schemas: readonly KeySchema[]): number {
  if (a.bucket !== b.bucket) {
    return a.bucket - b.bucket;
  }
  for (const { hash, range } of schemas) {
    const order =
      compareKeys(a.item[hash.name], b.item[hash.name]) ||
      (range === undefined ? 0 : compareKeys(a.item[range.name], b.item[range.name]));
    if (order !== 0) {
      return order;
    }
  }
  return 0;
}

function compareKeys(a: AttributeValue | undefined, b: AttributeValue | undefined): number {
  return a === undefined || b === undefined ? 0 : (compareScalars(a, b) ?? 0);
}

/** The rows of a table by key, and in scan order. */
export class Rows {
  readonly #schema: KeySchema;
  readonly #byKey = new Map<string, Row>();
  /** Rebuilt after a row came or went; a write to a known key leaves the order alone. */
  #ordered: readonly Row[] | undefined;

  constructor(schema: KeySchema) {
    this.#schema = schema;
  }

  get size(): number {
    return this.#byKey.size;
  }

  get(key: Item): Item | undefined {
    return this.#byKey.get(this.#text(key))?.item;
  }

  put(item: Item): void {
    const text = this.#text(item);
    const row = this.#byKey.get(text);
    if (row !== undefined) {
      row.item = item;
      return;
    }
    this.#byKey.set(text, { bucket: bucketOf(item, this.#schema), item });
    this.#ordered = undefined;
  }

  delete(key: Item): void {
    if (this.#byKey.delete(this.#text(key))) {
      this.#ordered = undefined;
    }
  }

  ordered(): readonly Row[] {
    this.#ordered ??= [...this.#byKey.values()].sort((a, b) => compareRows(a, b, [this.#schema]));
    return this.#ordered;
  }

  #text(item: Item): string {
    const { hash, range } = this.#schema;
    return JSON.stringify([item[hash.name], range && item[range.name]]);
  }
}
