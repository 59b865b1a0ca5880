import type { Condition } from './expressions/condition';
import { parseCondition } from './expressions/condition-parser';
import { type Path, parseProjection } from './expressions/path';
import { Scope } from './expressions/scope';
import { Tokens } from './expressions/token';
import type { Update } from './expressions/update';
import { parseUpdate } from './expressions/update-parser';
import { validation } from './failure';
import { type Fields, member, text } from './fields';

type ConditionParameter = 'ConditionExpression' | 'FilterExpression' | 'KeyConditionExpression';
export type ExpressionParameter = ConditionParameter | 'UpdateExpression' | 'ProjectionExpression';

export const PLACEHOLDERS = ['ExpressionAttributeNames', 'ExpressionAttributeValues'] as const;

/** The expressions of one request: reads each of them, then `finish` refuses placeholders none has used. */
export class RequestExpressions {
  readonly #input: Fields;
  readonly #scope: Scope;

  /**
   * @param parameters the expressions the operation takes
   * @param legacy older parameters, which no request may mix with expressions
   */
  constructor(input: Fields, parameters: readonly ExpressionParameter[], legacy: readonly string[] = []) {
    const given = (name: string): boolean => member(input, name) !== undefined;
    const expressions = parameters.filter(given);
    const older = legacy.filter(given);
    if (expressions.length > 0 && older.length > 0) {
      throw validation(
        'Can not use both expression and non-expression parameters in the same request: ' +
          `Non-expression parameters: {${older.join(', ')}} Expression parameters: {${expressions.join(', ')}}`,
      );
    }
    if (expressions.length === 0 && given('ExpressionAttributeNames')) {
      throw validation('ExpressionAttributeNames can only be specified when using expressions');
    }
    const valued = parameters.filter((name) => name !== 'ProjectionExpression');
    if (given('ExpressionAttributeValues') && !valued.some(given)) {
      throw validation(
        'ExpressionAttributeValues can only be specified when using expressions: ' +
          `${valued.join(' and ')} ${valued.length > 1 ? 'are' : 'is'} null`,
      );
    }
    this.#input = input;
    this.#scope = new Scope(input);
  }

  condition(parameter: ConditionParameter): Condition | undefined {
    return this.#parse(parameter, parseCondition);
  }

  update(): Update | undefined {
    return this.#parse('UpdateExpression', parseUpdate);
  }

  projection(): readonly Path[] | undefined {
    return this.#parse('ProjectionExpression', parseProjection);
  }

  finish(): void {
    this.#scope.checkUsed();
  }

  #parse<T>(parameter: ExpressionParameter, parse: (tokens: Tokens, scope: Scope) => T): T | undefined {
    const source = text(this.#input, parameter);
    return source === undefined ? undefined : parse(new Tokens(source, parameter), this.#scope);
  }
}
