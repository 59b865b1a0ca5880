import { type AttributeValue, draft, type Item } from '../attribute-value';
import { isReserved } from './reserved-words';
import type { Scope } from './scope';
import type { Tokens } from './token';

/** A document path: an attribute name, then names of map entries and indexes of list elements. */
export type Path = readonly [string, ...(string | number)[]];

export function parsePath(tokens: Tokens, scope: Scope): Path {
  const path: [string, ...(string | number)[]] = [parseName(tokens, scope)];
  for (;;) {
    if (tokens.accept('.')) {
      path.push(parseName(tokens, scope));
    } else if (tokens.accept('[')) {
      if (tokens.peek().kind !== 'number') {
        throw tokens.syntaxError();
      }
      path.push(Number(tokens.take().text));
      tokens.expect(']');
    } else {
      return path;
    }
  }
}

function parseName(tokens: Tokens, scope: Scope): string {
  const { kind, text } = tokens.peek();
  if (kind === 'word') {
    if (isReserved(text)) {
      throw tokens.error(`Attribute name is a reserved keyword; reserved keyword: ${text}`);
    }
    tokens.take();
    return text;
  }
  if (kind !== 'name') {
    throw tokens.syntaxError();
  }
  tokens.take();
  const name = scope.name(text);
  if (name === undefined) {
    throw tokens.error(
      `An expression attribute name used in the document path is not defined; attribute name: ${text}`,
    );
  }
  return name;
}

/** Paths of a ProjectionExpression. */
export function parseProjection(tokens: Tokens, scope: Scope): readonly Path[] {
  const paths: Path[] = [];
  do {
    paths.push(parsePath(tokens, scope));
  } while (tokens.accept(','));
  tokens.expectEnd();
  checkDisjoint(paths, tokens);
  return paths;
}

/** Refuses paths of which one holds the other, or that see one place as a list and as a map. */
export function checkDisjoint(paths: readonly Path[], tokens: Tokens): void {
  paths.forEach((second, index) => {
    for (const first of paths.slice(0, index)) {
      const relation = relate(first, second);
      if (relation !== undefined) {
        throw tokens.error(
          `Two document paths ${relation} with each other; must remove or rewrite one of these paths; ` +
            `path one: ${describePath(first)}, path two: ${describePath(second)}`,
        );
      }
    }
  });
}

function relate(a: Path, b: Path): 'overlap' | 'conflict' | undefined {
  const common = Math.min(a.length, b.length);
  for (let i = 0; i < common; i++) {
    if (typeof a[i] !== typeof b[i]) {
      return 'conflict';
    }
    if (a[i] !== b[i]) {
      return undefined;
    }
  }
  return 'overlap';
}

export function describePath(path: Path): string {
  return `[${path.map((step) => (typeof step === 'number' ? `[${step}]` : step)).join(', ')}]`;
}

/** The value at `path`, or undefined when there is none. */
export function valueAt(item: Item, path: Path): AttributeValue | undefined {
  const [head, ...steps] = path;
  let value = item[head];
  for (const step of steps) {
    value = value && elementAt(value, step);
  }
  return value;
}

function elementAt(value: AttributeValue, step: string | number): AttributeValue | undefined {
  if (typeof step === 'number') {
    return 'L' in value ? value.L[step] : undefined;
  }
  return 'M' in value ? value.M[step] : undefined;
}

/** What a projection builds: maps and lists still open, whole values closed. */
type Part = Map<string | number, Part> | AttributeValue;

/** Only what lies at `paths`; maps and lists on the way hold nothing else, lists without holes. */
export function project(item: Item, paths: readonly Path[]): Item {
  const root = new Map<string | number, Part>();
  for (const path of paths) {
    const value = valueAt(item, path);
    if (value === undefined) {
      continue;
    }
    let place = root;
    for (const step of path.slice(0, -1)) {
      const inner = place.get(step);
      const next = inner instanceof Map ? inner : new Map<string | number, Part>();
      place.set(step, next);
      place = next;
    }
    place.set(path.at(-1) ?? path[0], value);
  }
  return closeMap(root);
}

function closeMap(entries: Map<string | number, Part>): Item {
  const item = draft();
  for (const [name, part] of entries) {
    item[name] = close(part);
  }
  return item;
}

function close(part: Part): AttributeValue {
  if (!(part instanceof Map)) {
    return part;
  }
  const steps = [...part.entries()];
  if (typeof steps[0]?.[0] !== 'number') {
    return { M: closeMap(part) };
  }
  steps.sort(([a], [b]) => Number(a) - Number(b));
  return { L: steps.map(([, inner]) => close(inner)) };
}
