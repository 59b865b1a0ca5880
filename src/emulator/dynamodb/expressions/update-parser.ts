import { type AttributeValue, setMembers, typeOf } from '../attribute-value';
import { checkDisjoint, type Path, parsePath } from './path';
import type { Scope } from './scope';
import type { Tokens } from './token';
import { type Change, EXPRESSION_MISMATCH, type Source, type Update } from './update';

type Section = Change['kind'];
const SECTIONS: readonly Section[] = ['SET', 'REMOVE', 'ADD', 'DELETE'];

/** Names of types in messages about ADD and DELETE. */
const TYPE_NAMES: { readonly [type: string]: string } = {
  S: 'STRING',
  N: 'NUMBER',
  B: 'BINARY',
  NULL: 'NULL',
  BOOL: 'BOOLEAN',
  L: 'LIST',
  M: 'MAP',
};

/**
 * Parses an UpdateExpression: each section at most once, in any order.
 *
 *   SET path = source {, …}      source  = operand [ ("+" | "-") operand ]
 *   REMOVE path {, …}            operand = path | ":value" | "(" source ")"
 *   ADD path ":value" {, …}              | if_not_exists "(" path "," operand ")"
 *   DELETE path ":value" {, …}           | list_append "(" operand "," operand ")"
 *
 * Source: Developer Guide, "Using update expressions in DynamoDB".
 */
export function parseUpdate(tokens: Tokens, scope: Scope): Update {
  const parser = new UpdateParser(tokens, scope);
  const changes: Change[] = [];
  const seen = new Set<Section>();
  while (tokens.peek().kind !== 'end') {
    const section = SECTIONS.find((candidate) => tokens.acceptWord(candidate));
    if (section === undefined) {
      throw tokens.syntaxError();
    }
    if (seen.has(section)) {
      throw tokens.error(`The "${section}" section can only be used once in an update expression;`);
    }
    seen.add(section);
    do {
      changes.push(parser.change(section));
    } while (tokens.accept(','));
  }
  checkDisjoint(
    changes.map(({ path }) => path),
    tokens,
  );
  return { changes, mismatch: EXPRESSION_MISMATCH };
}

class UpdateParser {
  readonly #tokens: Tokens;
  readonly #scope: Scope;

  constructor(tokens: Tokens, scope: Scope) {
    this.#tokens = tokens;
    this.#scope = scope;
  }

  change(kind: Section): Change {
    const path = this.#path();
    switch (kind) {
      case 'SET':
        this.#tokens.expect('=');
        return { kind, path, source: this.#source() };
      case 'REMOVE':
        return { kind, path };
      case 'ADD':
      case 'DELETE': {
        const value = this.#value();
        this.#checkAddend(kind, value);
        return { kind, path, value };
      }
    }
  }

  #path(): Path {
    return parsePath(this.#tokens, this.#scope);
  }

  #source(): Source {
    const left = this.#operand();
    for (const kind of ['+', '-'] as const) {
      if (this.#tokens.accept(kind)) {
        const right = this.#operand();
        this.#checkOperands(kind, 'N', left, right);
        return { kind, left, right };
      }
    }
    return left;
  }

  #operand(): Source {
    const tokens = this.#tokens;
    if (tokens.peek().kind === 'value') {
      return { kind: 'value', value: this.#value() };
    }
    if (tokens.accept('(')) {
      const source = this.#source();
      tokens.expect(')');
      return source;
    }
    if (tokens.peek().kind !== 'word' || tokens.peek(1).text !== '(') {
      return { kind: 'path', path: this.#path() };
    }
    return this.#function();
  }

  #function(): Source {
    const tokens = this.#tokens;
    const kind = tokens.take().text;
    if (kind !== 'if_not_exists' && kind !== 'list_append') {
      throw tokens.error(`Invalid function name; function: ${kind}`);
    }
    tokens.expect('(');
    const operands = [this.#operand()];
    while (tokens.accept(',')) {
      operands.push(this.#operand());
    }
    tokens.expect(')');
    const [left, right] = operands;
    if (left === undefined || right === undefined || operands.length > 2) {
      throw tokens.error(
        'Incorrect number of operands for operator or function; ' +
          `operator or function: ${kind}, number of operands: ${operands.length}`,
      );
    }
    if (kind === 'list_append') {
      this.#checkOperands(kind, 'L', left, right);
      return { kind, left, right };
    }
    if (left.kind !== 'path') {
      throw tokens.error(`Operator or function requires a document path; operator or function: ${kind}`);
    }
    return { kind, path: left.path, otherwise: right };
  }

  #value(): AttributeValue {
    const token = this.#tokens.peek();
    if (token.kind !== 'value') {
      throw this.#tokens.syntaxError();
    }
    this.#tokens.take();
    const value = this.#scope.value(token.text);
    if (value === undefined) {
      throw this.#tokens.error(
        `An expression attribute value used in expression is not defined; attribute value: ${token.text}`,
      );
    }
    return value;
  }

  #checkAddend(section: 'ADD' | 'DELETE', value: AttributeValue): void {
    if (setMembers(value) === undefined && !(section === 'ADD' && 'N' in value)) {
      throw this.#tokens.error(
        'Incorrect operand type for operator or function; ' +
          `operator: ${section}, operand type: ${TYPE_NAMES[typeOf(value)]}`,
      );
    }
  }

  #checkOperands(kind: string, type: 'N' | 'L', ...operands: Source[]): void {
    for (const operand of operands) {
      if (operand.kind === 'value' && typeOf(operand.value) !== type) {
        throw this.#tokens.error(
          'Incorrect operand type for operator or function; ' +
            `operator or function: ${kind}, operand type: ${typeOf(operand.value)}`,
        );
      }
    }
  }
}
