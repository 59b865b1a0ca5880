import { arnGlob, glob, type Matcher } from './pattern';
import { listOf, type PolicyStatement } from './policy-document';

/** What is known of a call beside its action and resource, by condition keys such as `cloudwatch:namespace`. */
export type CallContext = { readonly [key: string]: readonly string[] };

export type ConditionMatcher = (context: CallContext) => boolean;

interface Operator {
  readonly compile: (value: string) => Matcher;
  /** Holds when no value fits: also when the call has no such key. */
  readonly negated?: true;
}

const equal = (value: string): Matcher => {
  return (found) => found === value;
};
const equalIgnoringCase = (value: string): Matcher => {
  return (found) => found.toLowerCase() === value.toLowerCase();
};

/** Source: IAM User Guide, "IAM JSON policy elements: Condition operators". */
const OPERATORS: { readonly [name: string]: Operator } = {
  StringEquals: { compile: equal },
  StringNotEquals: { compile: equal, negated: true },
  StringEqualsIgnoreCase: { compile: equalIgnoringCase },
  StringNotEqualsIgnoreCase: { compile: equalIgnoringCase, negated: true },
  StringLike: { compile: (value) => glob(value) },
  StringNotLike: { compile: (value) => glob(value), negated: true },
  ArnEquals: { compile: arnGlob },
  ArnLike: { compile: arnGlob },
  ArnNotEquals: { compile: arnGlob, negated: true },
  ArnNotLike: { compile: arnGlob, negated: true },
  Bool: { compile: equalIgnoringCase },
};

/**
 * Every condition of a statement has to hold.
 * @throws Error for an operator that is not emulated: a condition that is not looked at would allow too much
 */
export function compileConditions(conditions: PolicyStatement['Condition'] = {}): ConditionMatcher {
  const matchers = Object.entries(conditions).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) => compile(operator, key.toLowerCase(), listOf(values))),
  );
  return (context) => matchers.every((holds) => holds(context));
}

/** @param key in lower case: condition keys are compared so */
function compile(operator: string, key: string, values: readonly string[]): ConditionMatcher {
  if (operator === 'Null') {
    const wanted = values.map((value) => value.toLowerCase() === 'true');
    return (context) => wanted.includes(valuesOf(context, key).length === 0);
  }
  const [, set, name = '', ifExists] =
    /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(operator) ?? [];
  const known = Object.hasOwn(OPERATORS, name) ? OPERATORS[name] : undefined;
  if (known === undefined) {
    throw new Error(`the condition operator ${operator} is not emulated`);
  }
  const { negated = false } = known;
  const fitting = values.map(known.compile);
  const fits: Matcher = (text) => fitting.some((matches) => matches(text)) !== negated;
  return (context) => {
    const found = valuesOf(context, key);
    if (found.length === 0) {
      return ifExists !== undefined || set === 'ForAllValues' || (negated && set === undefined);
    }
    return set === 'ForAnyValue' ? found.some(fits) : found.every(fits);
  };
}

function valuesOf(context: CallContext, key: string): readonly string[] {
  return Object.entries(context).find(([name]) => name.toLowerCase() === key)?.[1] ?? [];
}
