import {
  type AttributeType,
  type AttributeValue,
  draft,
  type Item,
  setMembers,
  setOf,
  typeOf,
} from '../attribute-value';
import { addDecimals, formatDecimal, negateDecimal, parseDecimal } from '../decimal';
import { validation } from '../failure';
import { type Path, valueAt } from './path';

/** What SET assigns. */
export type Source =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'value'; readonly value: AttributeValue }
  | { readonly kind: 'if_not_exists'; readonly path: Path; readonly otherwise: Source }
  | { readonly kind: 'list_append' | '+' | '-'; readonly left: Source; readonly right: Source };

/** One change to one path; ADD and DELETE carry a number or a set. */
export type Change =
  | { readonly kind: 'SET'; readonly path: Path; readonly source: Source }
  | { readonly kind: 'REMOVE'; readonly path: Path }
  | { readonly kind: 'ADD' | 'DELETE'; readonly path: Path; readonly value: AttributeValue };

export interface Update {
  readonly changes: readonly Change[];
  /** The message when the type of a value in the item does not fit; it depends on how the update was given. */
  readonly mismatch: string;
}

export const EXPRESSION_MISMATCH = 'An operand in the update expression has an incorrect data type';

/** An item while it changes: removed list elements leave holes, so that other indexes stay what they were. */
type DraftMap = { [attribute: string]: AttributeValue };
type DraftList = (AttributeValue | undefined)[];

/**
 * The item after all changes, which see it as it was before any of them. `item` is left alone.
 * @throws ValidationException when a path or a type does not fit the item
 */
export function applyUpdate(update: Update, item: Item): Item {
  const mismatch = (): Error => validation(update.mismatch);
  const placements = update.changes.map((change) => ({
    path: change.path,
    value: newValue(change, item, mismatch),
  }));
  placements.sort((a, b) => listIndex(a.path) - listIndex(b.path));
  const result = draft(item);
  const copied = new Map<string, AttributeValue>();
  for (const { path, value } of placements) {
    const [head, ...rest] = path;
    if (rest.length > 0 && !copied.has(head)) {
      const original = result[head];
      if (original === undefined) {
        throw invalidPath();
      }
      // Nested places are written in a copy: the stored value is shared with earlier answers.
      const copy = compact(original);
      copied.set(head, copy);
      result[head] = copy;
    }
    place(result, path, value);
  }
  for (const [head, copy] of copied) {
    result[head] = compact(copy);
  }
  return result;
}

/** Elements are placed in the order of their indexes: those behind the end of a list are appended to it. */
function listIndex(path: Path): number {
  const step = path.at(-1);
  return typeof step === 'number' ? step : -1;
}

/** What stands at the path of `change` afterwards; undefined means nothing. */
function newValue(change: Change, item: Item, mismatch: () => Error): AttributeValue | undefined {
  const present = valueAt(item, change.path);
  switch (change.kind) {
    case 'SET':
      return evaluate(change.source, item, mismatch);
    case 'REMOVE':
      return undefined;
    case 'ADD':
      return present === undefined ? change.value : add(present, change.value, mismatch);
    case 'DELETE':
      return present === undefined ? undefined : without(present, change.value, mismatch);
  }
}

function evaluate(source: Source, item: Item, mismatch: () => Error): AttributeValue {
  switch (source.kind) {
    case 'value':
      return source.value;
    case 'path': {
      const value = valueAt(item, source.path);
      if (value === undefined) {
        throw validation('The provided expression refers to an attribute that does not exist in the item');
      }
      return value;
    }
    case 'if_not_exists':
      return valueAt(item, source.path) ?? evaluate(source.otherwise, item, mismatch);
  }
  const left = evaluate(source.left, item, mismatch);
  const right = evaluate(source.right, item, mismatch);
  if (source.kind === 'list_append' && 'L' in left && 'L' in right) {
    return { L: [...left.L, ...right.L] };
  }
  if (source.kind !== 'list_append' && 'N' in left && 'N' in right) {
    const number = parseDecimal(right.N);
    const sum = addDecimals(parseDecimal(left.N), source.kind === '+' ? number : negateDecimal(number));
    return { N: formatDecimal(sum) };
  }
  throw mismatch();
}

function add(present: AttributeValue, value: AttributeValue, mismatch: () => Error): AttributeValue {
  if ('N' in present && 'N' in value) {
    return { N: formatDecimal(addDecimals(parseDecimal(present.N), parseDecimal(value.N))) };
  }
  const { type, old, given } = sets(present, value, mismatch);
  return setOf(type, [...old, ...given.filter((entry) => !old.includes(entry))]);
}

/** A set without some members; undefined when none is left, since there are no empty sets. */
function without(
  present: AttributeValue,
  value: AttributeValue,
  mismatch: () => Error,
): AttributeValue | undefined {
  const { type, old, given } = sets(present, value, mismatch);
  const kept = old.filter((entry) => !given.includes(entry));
  return kept.length === 0 ? undefined : setOf(type, kept);
}

function sets(
  present: AttributeValue,
  value: AttributeValue,
  mismatch: () => Error,
): { type: AttributeType; old: readonly string[]; given: readonly string[] } {
  const type = typeOf(present);
  const old = setMembers(present);
  const given = setMembers(value);
  if (old === undefined || given === undefined || type !== typeOf(value)) {
    throw mismatch();
  }
  return { type, old, given };
}

const invalidPath = (): Error =>
  validation('The document path provided in the update expression is invalid for update');

function place(root: DraftMap, path: Path, value: AttributeValue | undefined): void {
  const step = path.at(-1) ?? path[0];
  const parent = path.length === 1 ? { M: root } : valueAt(root, path.slice(0, -1) as unknown as Path);
  if (parent !== undefined && typeof step === 'string' && 'M' in parent) {
    const map = parent.M as DraftMap;
    if (value === undefined) {
      delete map[step];
    } else {
      map[step] = value;
    }
  } else if (parent !== undefined && typeof step === 'number' && 'L' in parent) {
    const list = parent.L as DraftList;
    if (step < list.length) {
      list[step] = value;
    } else if (value !== undefined) {
      list.push(value);
    }
  } else {
    throw invalidPath();
  }
}

/** A deep copy with every list in one piece: removed elements go. */
function compact(value: AttributeValue): AttributeValue {
  if ('L' in value) {
    return { L: (value.L as DraftList).filter((entry) => entry !== undefined).map(compact) };
  }
  if ('M' in value) {
    const map = draft();
    for (const [name, entry] of Object.entries(value.M)) {
      map[name] = compact(entry);
    }
    return { M: map };
  }
  return value;
}
