import type { Item } from './attribute-value';
import { invalidParameter, validation } from './failure';
import { itemSize, MAX_ITEM_BYTES } from './item-size';
import { checkIndexKey, checkItemKey, hasKey, keyAttributes } from './key-schema';
import { bucketOf, compareRows, Rows } from './rows';
import type { IndexDefinition, TableDefinition } from './table-definition';
import type { View } from './view';

/** An index, and when it can be read. */
export interface Index extends IndexDefinition {
  /** Milliseconds since the epoch. */
  readonly readyAt: number;
}

/** One table: its definition as it is now, and its rows. Index entries are derived from the rows on demand. */
export class Table {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Milliseconds since the epoch; before that the table is CREATING and holds no items. */
  readonly readyAt: number;
  readonly rows: Rows;
  tags: ReadonlyMap<string, string>;
  /** When a deleted table is gone, milliseconds since the epoch; undefined while it is not being deleted. */
  goneAt: number | undefined;
  /** Point-in-time recovery is on since then, milliseconds since the epoch; undefined while it is off. */
  recoverableSince: number | undefined;
  definition: TableDefinition;
  indexes: readonly Index[];

  constructor(
    id: string,
    definition: TableDefinition,
    tags: ReadonlyMap<string, string>,
    createdAt: number,
    readyAt: number,
  ) {
    this.id = id;
    this.definition = definition;
    this.tags = tags;
    this.createdAt = createdAt;
    this.readyAt = readyAt;
    this.indexes = definition.indexes.map((index) => ({ ...index, readyAt }));
    this.rows = new Rows(definition.schema);
  }

  /** Refuses an item whose keys do not fit this table and its indexes. */
  checkKeys(item: Item): void {
    checkItemKey(item, this.definition.schema);
    for (const index of this.indexes) {
      checkIndexKey(item, index.schema, index.name);
    }
  }

  /** @param excess the message when the item is too large */
  checkSize(item: Item, excess: string): void {
    if (itemSize(item) > MAX_ITEM_BYTES) {
      throw validation(excess);
    }
  }

  /** Refuses an update of a key attribute. */
  checkNotKey(attribute: string): void {
    if (keyAttributes(this.definition.schema).some(({ name }) => name === attribute)) {
      throw invalidParameter(`Cannot update attribute ${attribute}. This attribute is part of the key`);
    }
  }

  /** What Scan and Query read: the table, or one of its indexes. */
  view(indexName: string | undefined, now: number): View {
    const { schema } = this.definition;
    if (indexName === undefined) {
      const schemas = [schema];
      return {
        schema,
        keyNames: keyAttributes(schema).map(({ name }) => name),
        rows: this.rows.ordered(),
        compare: (a, b) => compareRows(a, b, schemas),
        attributes: undefined,
      };
    }
    const index = this.indexes.find(({ name }) => name === indexName);
    if (index === undefined) {
      throw validation(`The table does not have the specified index: ${indexName}`);
    }
    if (now < index.readyAt) {
      throw validation(`Cannot read from backfilling global secondary index: ${indexName}`);
    }
    return this.#indexView(index);
  }

  #indexView(index: Index): View {
    const schemas = [index.schema, this.definition.schema];
    const keyNames = [...new Set(schemas.flatMap(keyAttributes).map(({ name }) => name))];
    const compare: View['compare'] = (a, b) => compareRows(a, b, schemas);
    const rows = this.rows
      .ordered()
      // Sparse: an item without the index's key is not in the index.
      .filter(({ item }) => hasKey(item, index.schema))
      .map(({ item }) => ({ bucket: bucketOf(item, index.schema), item }))
      .sort(compare);
    const attributes =
      index.projection === 'ALL' ? undefined : [...keyNames, ...(index.nonKeyAttributes ?? [])];
    return { schema: index.schema, keyNames, rows, compare, attributes };
  }
}
