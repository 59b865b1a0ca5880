import { validation } from '../failure';

export type TokenKind = 'word' | 'name' | 'value' | 'number' | 'symbol' | 'end';

/** `name` is a `#placeholder`, `value` a `:placeholder`, `word` a keyword, function or bare attribute name. */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** Longest expression, bytes. Source: Developer Guide, "Service quotas", expression parameters. */
const MAX_EXPRESSION_BYTES = 4096;

const TOKEN = /\s*([A-Za-z]\w*|[#:]\w+|\d+|<>|<=|>=|\S)/gy;

/** A cursor over the tokens of one expression. */
export class Tokens {
  readonly #source: string;
  readonly #parameter: string;
  readonly #tokens: readonly Token[];
  readonly #end: Token;
  #position = 0;

  /** @param parameter for the head of messages, for example `ConditionExpression` */
  constructor(source: string, parameter: string) {
    this.#source = source;
    this.#parameter = parameter;
    if (source === '') {
      throw this.error('The expression can not be empty;');
    }
    const bytes = Buffer.byteLength(source);
    if (bytes > MAX_EXPRESSION_BYTES) {
      throw this.error(`Expression size has exceeded the maximum allowed size; expression size: ${bytes}`);
    }
    this.#tokens = tokenize(source);
    this.#end = { kind: 'end', text: '<EOF>', start: source.length, end: source.length };
  }

  error(detail: string): Error {
    return validation(`Invalid ${this.#parameter}: ${detail}`);
  }

  /** Tokens taken so far. */
  get position(): number {
    return this.#position;
  }

  /** The token `ahead` places further, without taking it. */
  peek(ahead = 0): Token {
    return this.#tokens[this.#position + ahead] ?? this.#end;
  }

  take(): Token {
    const token = this.peek();
    this.#position++;
    return token;
  }

  /** Takes the next token when it is this symbol. */
  accept(symbol: string): boolean {
    const found = this.peek().kind === 'symbol' && this.peek().text === symbol;
    this.#position += found ? 1 : 0;
    return found;
  }

  /** Takes the next token when it is this keyword, in any case. */
  acceptWord(keyword: string): boolean {
    const found = this.peek().kind === 'word' && this.peek().text.toUpperCase() === keyword;
    this.#position += found ? 1 : 0;
    return found;
  }

  expect(symbol: string): void {
    if (!this.accept(symbol)) {
      throw this.syntaxError();
    }
  }

  expectEnd(): void {
    if (this.peek().kind !== 'end') {
      throw this.syntaxError();
    }
  }

  /** Names the next token, and the text from the one before it to the one after it. */
  syntaxError(): Error {
    const token = this.peek();
    const first = this.#tokens[this.#position - 1] ?? token;
    const last = this.peek(1);
    const near = this.#source.slice(first.start, last.end).trim();
    return this.error(`Syntax error; token: "${token.text}", near: "${near}"`);
  }
}

/** A character outside the grammar becomes a symbol that no rule accepts. */
function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  for (const match of source.matchAll(TOKEN)) {
    const text = match[1] ?? '';
    const end = match.index + match[0].length;
    tokens.push({ kind: kindOf(text), text, start: end - text.length, end });
  }
  return tokens;
}

function kindOf(text: string): TokenKind {
  if (/^[A-Za-z]/.test(text)) {
    return 'word';
  }
  if (/^\d/.test(text)) {
    return 'number';
  }
  if (text.length > 1 && (text.startsWith('#') || text.startsWith(':'))) {
    return text.startsWith('#') ? 'name' : 'value';
  }
  return 'symbol';
}
