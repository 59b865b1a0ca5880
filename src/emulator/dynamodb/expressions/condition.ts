import type { AttributeType, AttributeValue } from '../attribute-value';
import type { Path } from './path';

export type Comparator = '=' | '<>' | '<' | '<=' | '>' | '>=';

/** What a condition compares: what lies at a path, a given value, or the size of what lies at a path. */
export type Operand =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'value'; readonly value: AttributeValue }
  | { readonly kind: 'size'; readonly of: Operand };

/** A condition, filter or key condition; the legacy parameters are translated to it as well. */
export type Condition =
  | { readonly kind: 'and' | 'or'; readonly terms: readonly Condition[] }
  | { readonly kind: 'not'; readonly term: Condition }
  | { readonly kind: 'exists'; readonly path: Path }
  | { readonly kind: 'type'; readonly operand: Operand; readonly type: AttributeType }
  | { readonly kind: 'begins_with' | 'contains'; readonly operand: Operand; readonly part: Operand }
  | { readonly kind: 'between'; readonly operand: Operand; readonly low: Operand; readonly high: Operand }
  | { readonly kind: 'in'; readonly operand: Operand; readonly choices: readonly Operand[] }
  | {
      readonly kind: 'compare';
      readonly comparator: Comparator;
      readonly left: Operand;
      readonly right: Operand;
    };

/** Every operand of a condition, in reading order. */
export function operandsOf(condition: Condition): readonly Operand[] {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.terms.flatMap(operandsOf);
    case 'not':
      return operandsOf(condition.term);
    case 'exists':
      return [{ kind: 'path', path: condition.path }];
    case 'type':
      return [condition.operand];
    case 'begins_with':
    case 'contains':
      return [condition.operand, condition.part];
    case 'between':
      return [condition.operand, condition.low, condition.high];
    case 'in':
      return [condition.operand, ...condition.choices];
    case 'compare':
      return [condition.left, condition.right];
  }
}

/** Every path a condition looks at. */
export function pathsOf(condition: Condition): readonly Path[] {
  return operandsOf(condition).flatMap((operand) => {
    const inner = operand.kind === 'size' ? operand.of : operand;
    return inner.kind === 'path' ? [inner.path] : [];
  });
}
