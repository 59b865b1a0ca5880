import { draft, type Item, readItem } from './attribute-value';
import type { Condition } from './expressions/condition';
import { holds } from './expressions/evaluation';
import { type Path, project } from './expressions/path';
import { validation } from './failure';
import { type Fields, member } from './fields';
import { itemSize } from './item-size';
import type { KeySchema } from './key-schema';
import { bucketOf, type Row } from './rows';

/** The rows of a table or an index in the order in which they are read. */
export interface View {
  readonly schema: KeySchema;
  /** Attributes of LastEvaluatedKey: the keys of the index and of the table. */
  readonly keyNames: readonly string[];
  readonly rows: readonly Row[];
  readonly compare: (a: Row, b: Row) => number;
  /** Attributes the index holds; undefined when it is all of them. */
  readonly attributes: readonly string[] | undefined;
}

export interface PageRequest {
  /** Rows that are looked at: a segment of a scan, or what a key condition selects. */
  readonly within: (row: Row) => boolean;
  readonly startAfter: Row | undefined;
  readonly backward: boolean;
  /** Most rows looked at, before the filter. */
  readonly limit: number | undefined;
  readonly filter: Condition | undefined;
  readonly projection: readonly Path[] | undefined;
  readonly countOnly: boolean;
}

/** A page ends behind the row that brings it to this size. Source: API reference of Scan and Query. */
const PAGE_BYTES = 1024 * 1024;

/** The row after which a page starts. */
export function readStartKey(input: Fields, view: View): Row | undefined {
  const raw = member(input, 'ExclusiveStartKey');
  if (raw === undefined) {
    return undefined;
  }
  const item = readItem(raw);
  const names = Object.keys(item);
  if (names.length !== view.keyNames.length || !view.keyNames.every((name) => names.includes(name))) {
    throw validation(
      'The provided starting key is invalid: The provided key element does not match the schema',
    );
  }
  return { bucket: bucketOf(item, view.schema), item };
}

export function readPage(view: View, request: PageRequest): object {
  const sign = request.backward ? -1 : 1;
  const { startAfter, limit = Number.POSITIVE_INFINITY } = request;
  const rows = request.backward ? view.rows.toReversed() : view.rows;
  const items: Item[] = [];
  let scanned = 0;
  let bytes = 0;
  let last: Row | undefined;
  for (const row of rows) {
    const passed = startAfter !== undefined && sign * view.compare(row, startAfter) <= 0;
    if (passed || !request.within(row)) {
      continue;
    }
    const item = view.attributes === undefined ? row.item : pick(row.item, view.attributes);
    scanned++;
    bytes += itemSize(item);
    if (request.filter === undefined || holds(request.filter, item)) {
      items.push(request.projection === undefined ? item : project(item, request.projection));
    }
    // Also when this was the last row: DynamoDB does not look ahead, so a last page may be empty.
    if (scanned >= limit || bytes >= PAGE_BYTES) {
      last = row;
      break;
    }
  }
  return {
    ...(request.countOnly ? {} : { Items: items }),
    Count: items.length,
    ScannedCount: scanned,
    ...(last === undefined ? {} : { LastEvaluatedKey: pick(last.item, view.keyNames) }),
  };
}

function pick(item: Item, names: readonly string[]): Item {
  const picked = draft();
  for (const name of names) {
    const value = item[name];
    if (value !== undefined) {
      picked[name] = value;
    }
  }
  return picked;
}
