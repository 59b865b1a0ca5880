/** What an expression of PromQL asks of one metric. */
export interface MetricUse {
  readonly metric: string;
  /** Labels that its matchers name, and those that an aggregation around it keeps. */
  readonly labels: readonly string[];
}

type Token = { readonly kind: 'name' | 'text' | 'other'; readonly text: string; readonly at: number };

const TOKEN =
  /(?<space>\s+)|(?<name>[a-zA-Z_:$][a-zA-Z0-9_:$]*)|(?<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<number>\d[\d.]*[a-z]*)|(?<other>=~|!~|!=|>=|<=|==|[-+*/%^=<>(){}[\],:@])/y;

/** Words that stand between operands. */
const OPERATORS = new Set(['and', 'or', 'unless', 'bool', 'offset', 'inf', 'nan']);
/** Words before a list of labels. */
const GROUPINGS = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right']);

/**
 * Every metric that `expression` reads, with the labels that it asks for. Aggregations have their labels in front:
 * `sum by (stream) (…)`. Durations may be variables of Grafana.
 * @throws Error where it is not understood
 */
export function metricUses(expression: string): MetricUse[] {
  const tokens = tokensOf(expression);
  for (const [at, { text }] of tokens.entries()) {
    if (['(', '{', '['].includes(text)) {
      closing(tokens, at);
    }
  }
  const uses: { metric: string; labels: string[]; at: number }[] = [];
  const spans: { from: number; to: number; labels: readonly string[] }[] = [];
  let at = 0;
  while (at < tokens.length) {
    const { kind, text } = tokens[at] as Token;
    if (kind !== 'name') {
      at = text === '[' ? closing(tokens, at) : at;
    } else if (GROUPINGS.has(text)) {
      const end = closing(tokens, at + 1);
      const labels = names(tokens.slice(at + 2, end));
      if (text === 'by') {
        spans.push({ from: end + 1, to: closing(tokens, end + 1), labels });
      }
      at = end;
    } else if (!OPERATORS.has(text) && !['(', 'by', 'without'].includes(tokens[at + 1]?.text ?? '')) {
      const hasMatchers = tokens[at + 1]?.text === '{';
      const end = hasMatchers ? closing(tokens, at + 1) : at;
      uses.push({ metric: text, labels: names(tokens.slice(at + 1, end)), at });
      at = end;
    }
    at++;
  }
  return uses.map(({ metric, labels, at: place }) => {
    const around = spans.filter(({ from, to }) => from < place && place < to).flatMap((span) => span.labels);
    return { metric, labels: [...labels, ...around] };
  });
}

function tokensOf(expression: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < expression.length) {
    const at = TOKEN.lastIndex;
    const { groups, 0: text } = TOKEN.exec(expression) ?? { groups: undefined, 0: '' };
    if (groups === undefined) {
      throw new Error(`not understood: ${expression.slice(at)}`);
    }
    if (groups.space === undefined) {
      tokens.push({
        kind: groups.name !== undefined ? 'name' : groups.text !== undefined ? 'text' : 'other',
        text,
        at,
      });
    }
  }
  return tokens;
}

/** Place of what closes the bracket at `open`. */
function closing(tokens: readonly Token[], open: number): number {
  const pairs = { '(': ')', '{': '}', '[': ']' } as const;
  const opened = tokens[open]?.text ?? '';
  if (!Object.hasOwn(pairs, opened)) {
    throw new Error(`a bracket is missing before ${opened || 'the end'}`);
  }
  const closed = pairs[opened as keyof typeof pairs];
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    const text = tokens[at]?.text;
    depth += text === opened ? 1 : text === closed ? -1 : 0;
    if (depth === 0) {
      return at;
    }
  }
  throw new Error(`${opened} is not closed`);
}

function names(tokens: readonly Token[]): string[] {
  return tokens.filter(({ kind }) => kind === 'name').map(({ text }) => text);
}
