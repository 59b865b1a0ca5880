import type { Comparator, Condition, Operand } from './condition';
import {
  checkBounds,
  checkDistinct,
  checkOrdered,
  checkPrefix,
  checkSized,
  misused,
  operandCount,
  readTypeName,
} from './condition-checks';
import { parsePath } from './path';
import type { Scope } from './scope';
import type { Tokens } from './token';

const COMPARATORS: readonly string[] = ['=', '<>', '<', '<=', '>', '>='];
/** Arguments of each function; all but `size` are conditions by themselves. */
const FUNCTIONS = new Map([
  ['attribute_exists', 1],
  ['attribute_not_exists', 1],
  ['attribute_type', 2],
  ['begins_with', 2],
  ['contains', 2],
  ['size', 1],
]);
const MAX_CHOICES = 100;

/**
 * Parses a condition, filter or key condition:
 *
 *   or         = and { OR and }
 *   and        = not { AND not }
 *   not        = NOT not | "(" or ")" | function | comparison
 *   comparison = operand ( comparator operand | BETWEEN operand AND operand | IN "(" operand {"," operand} ")" )
 *   operand    = path | ":value" | size "(" path ")"
 *
 * Source: Developer Guide, "Condition and filter expressions, operators, and functions".
 */
export function parseCondition(tokens: Tokens, scope: Scope): Condition {
  const condition = new ConditionParser(tokens, scope).or();
  tokens.expectEnd();
  return condition;
}

class ConditionParser {
  readonly #tokens: Tokens;
  readonly #scope: Scope;
  /** Token positions inside the parenthesis closed last, from its first token to behind its closing one. */
  #lastGroup = { first: -1, end: -1 };

  constructor(tokens: Tokens, scope: Scope) {
    this.#tokens = tokens;
    this.#scope = scope;
  }

  or(): Condition {
    return this.#chain('or', 'OR', () => this.#chain('and', 'AND', () => this.#not()));
  }

  #chain(kind: 'and' | 'or', keyword: string, parse: () => Condition): Condition {
    const first = parse();
    const terms = [first];
    while (this.#tokens.acceptWord(keyword)) {
      terms.push(parse());
    }
    return terms.length === 1 ? first : { kind, terms };
  }

  #not(): Condition {
    const tokens = this.#tokens;
    if (tokens.acceptWord('NOT')) {
      return { kind: 'not', term: this.#not() };
    }
    if (tokens.accept('(')) {
      return this.#group();
    }
    if (this.#atFunction() && tokens.peek().text !== 'size') {
      const name = tokens.peek().text;
      const condition = this.#function();
      if (COMPARATORS.includes(tokens.peek().text)) {
        throw misused(tokens, name);
      }
      return condition;
    }
    return this.#comparison();
  }

  /** What follows an opening parenthesis. */
  #group(): Condition {
    const tokens = this.#tokens;
    const first = tokens.position;
    const condition = this.or();
    // "((a) AND (b))" is fine: there the last inner pair does not reach from end to end.
    const redundant = this.#lastGroup.first === first + 1 && this.#lastGroup.end === tokens.position;
    tokens.expect(')');
    if (redundant) {
      throw tokens.error('The expression has redundant parentheses;');
    }
    this.#lastGroup = { first, end: tokens.position };
    return condition;
  }

  #atFunction(): boolean {
    return this.#tokens.peek().kind === 'word' && this.#tokens.peek(1).text === '(';
  }

  #comparison(): Condition {
    const tokens = this.#tokens;
    const operand = this.#operand();
    if (tokens.acceptWord('BETWEEN')) {
      const low = this.#operand();
      if (!tokens.acceptWord('AND')) {
        throw tokens.syntaxError();
      }
      const high = this.#operand();
      checkBounds(tokens, low, high);
      return { kind: 'between', operand, low, high };
    }
    if (tokens.acceptWord('IN')) {
      tokens.expect('(');
      return { kind: 'in', operand, choices: this.#choices(operand) };
    }
    if (!COMPARATORS.includes(tokens.peek().text)) {
      if (operand.kind === 'size') {
        throw misused(tokens, 'size');
      }
      throw tokens.syntaxError();
    }
    const comparator = tokens.take().text as Comparator;
    const right = this.#operand();
    checkDistinct(tokens, comparator, operand, right);
    if (comparator !== '=' && comparator !== '<>') {
      checkOrdered(tokens, comparator, operand);
      checkOrdered(tokens, comparator, right);
    }
    return { kind: 'compare', comparator, left: operand, right };
  }

  #choices(operand: Operand): Operand[] {
    const choices: Operand[] = [];
    do {
      const choice = this.#operand();
      checkDistinct(this.#tokens, 'IN', operand, choice);
      choices.push(choice);
    } while (this.#tokens.accept(','));
    this.#tokens.expect(')');
    if (choices.length > MAX_CHOICES) {
      throw operandCount(this.#tokens, 'IN', choices.length);
    }
    return choices;
  }

  #operand(): Operand {
    const tokens = this.#tokens;
    if (tokens.peek().kind === 'value') {
      const placeholder = tokens.take().text;
      const value = this.#scope.value(placeholder);
      if (value === undefined) {
        throw tokens.error(
          `An expression attribute value used in expression is not defined; attribute value: ${placeholder}`,
        );
      }
      return { kind: 'value', value };
    }
    if (!this.#atFunction()) {
      return { kind: 'path', path: parsePath(tokens, this.#scope) };
    }
    const name = tokens.peek().text;
    const [of] = this.#arguments();
    if (name !== 'size' || of === undefined) {
      throw misused(tokens, name);
    }
    checkSized(tokens, of);
    return { kind: 'size', of };
  }

  /** Takes a function's name and arguments; their number is right afterwards. */
  #arguments(): Operand[] {
    const tokens = this.#tokens;
    const name = tokens.take().text;
    const count = FUNCTIONS.get(name);
    if (count === undefined) {
      throw tokens.error(`Invalid function name; function: ${name}`);
    }
    tokens.expect('(');
    const operands: Operand[] = [];
    do {
      operands.push(this.#operand());
    } while (tokens.accept(','));
    tokens.expect(')');
    if (operands.length !== count) {
      throw operandCount(tokens, name, operands.length);
    }
    return operands;
  }

  #function(): Condition {
    const tokens = this.#tokens;
    const name = tokens.peek().text;
    const [operand, part] = this.#arguments();
    if (operand !== undefined && part !== undefined) {
      checkDistinct(tokens, name, operand, part);
      if (name === 'attribute_type') {
        return { kind: 'type', operand, type: readTypeName(tokens, part) };
      }
      if (name === 'begins_with') {
        checkPrefix(tokens, operand);
        checkPrefix(tokens, part);
        return { kind: 'begins_with', operand, part };
      }
      return { kind: 'contains', operand, part };
    }
    if (operand?.kind !== 'path') {
      throw tokens.error(`Operator or function requires a document path; operator or function: ${name}`);
    }
    const exists: Condition = { kind: 'exists', path: operand.path };
    return name === 'attribute_exists' ? exists : { kind: 'not', term: exists };
  }
}
