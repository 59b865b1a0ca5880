import { type CallContext, compileConditions } from './condition';
import { anyOf, arnGlob, glob, type Matcher } from './pattern';
import { listOf, type OneOrMore, type PolicyDocument, type PolicyStatement } from './policy-document';

/** One action on one resource. */
export interface AccessRequest {
  /** For example `kinesis:GetRecords`. */
  readonly action: string;
  /** An ARN, or `*` where the action knows no resource. */
  readonly resource: string;
  readonly context: CallContext;
}

/** A statement that can be asked. */
export interface Statement {
  readonly effect: 'Allow' | 'Deny';
  readonly principal: PolicyStatement['Principal'];
  /** Whether it is about such a request; of a principal nothing is looked at. */
  covers(request: AccessRequest): boolean;
}

/** @param trust Of a trust policy: it has no resource beside its role. @throws Error naming what is wrong or not emulated */
export function compileDocument(document: PolicyDocument, { trust = false } = {}): readonly Statement[] {
  if (document?.Statement === undefined) {
    throw new Error('a policy document has to have a Statement');
  }
  return [document.Statement].flat().map((statement, index) => {
    try {
      return compileStatement(statement, trust);
    } catch (cause) {
      const name = statement.Sid ?? `number ${index + 1}`;
      throw new Error(`policy statement ${name}: ${(cause as Error).message}`, { cause });
    }
  });
}

function compileStatement(statement: PolicyStatement, trust: boolean): Statement {
  const { Effect, Principal, Action, NotAction, Resource, NotResource, Condition } = statement;
  if (Effect !== 'Allow' && Effect !== 'Deny') {
    throw new Error(`Effect: expected Allow or Deny, found ${Effect}`);
  }
  if (JSON.stringify(statement).includes('${')) {
    throw new Error('policy variables are not emulated');
  }
  const actionFits = oneOf('Action', Action, NotAction, actionMatcher);
  const resourceFits = trust ? () => true : oneOf('Resource', Resource, NotResource, arnGlob);
  const conditionsHold = compileConditions(Condition);
  return {
    effect: Effect,
    principal: Principal,
    covers: ({ action, resource, context }) =>
      actionFits(action) && resourceFits(resource) && conditionsHold(context),
  };
}

/** Of the positive element, or of its opposite. */
function oneOf(
  name: string,
  positive: OneOrMore | undefined,
  negative: OneOrMore | undefined,
  compile: (pattern: string) => Matcher,
): Matcher {
  if ((positive === undefined) === (negative === undefined)) {
    throw new Error(`expected either ${name} or Not${name}`);
  }
  const fits = anyOf(listOf(positive ?? negative ?? []).map(compile));
  return positive === undefined ? (text) => !fits(text) : fits;
}

function actionMatcher(pattern: string): Matcher {
  if (pattern !== '*' && !/^[\w-]+:[\w*?]+$/.test(pattern)) {
    throw new Error(`expected * or an action such as kinesis:GetRecords, found ${pattern}`);
  }
  return glob(pattern, { ignoreCase: true });
}
