import type { AttributeValue, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import type { Item } from '../aws/dynamo-api';

/** Attributes of a row; counters and instants are whole numbers. */
export const text = (value: string): AttributeValue => ({ S: value });
export const number = (value: number): AttributeValue => ({ N: String(value) });
export const texts = (values: readonly string[]): AttributeValue => ({ SS: [...values] });

/**
 * A conditional UpdateItem that answers ALL_NEW. Every name is an alias, so that no reserved word of DynamoDB
 * can clash.
 */
export class UpdateBuilder {
  readonly #names: { [alias: string]: string } = {};
  readonly #values: Item = {};
  readonly #conditions: string[] = [];
  readonly #set: string[] = [];
  readonly #add: string[] = [];
  readonly #remove: string[] = [];

  when(attribute: string, value: AttributeValue): void {
    this.#conditions.push(`${this.#name(attribute)} = ${this.#value(`seen_${attribute}`, value)}`);
  }

  /** The row is as it was seen: same counter, same owner or none. */
  whenSeen({ counter, owner }: { readonly counter: number; readonly owner: string | undefined }): void {
    this.when('leaseCounter', number(counter));
    if (owner === undefined) {
      this.whenAbsent('leaseOwner');
    } else {
      this.when('leaseOwner', text(owner));
    }
  }

  whenAbsent(attribute: string): void {
    this.#conditions.push(`attribute_not_exists(${this.#name(attribute)})`);
  }

  set(attribute: string, value: AttributeValue): void {
    this.#set.push(`${this.#name(attribute)} = ${this.#value(attribute, value)}`);
  }

  add(attribute: string, value: AttributeValue): void {
    this.#add.push(`${this.#name(attribute)} ${this.#value(attribute, value)}`);
  }

  remove(...attributes: string[]): void {
    this.#remove.push(...attributes.map((attribute) => this.#name(attribute)));
  }

  build(tableName: string, key: Item): UpdateItemCommandInput {
    const clauses = [
      ['SET', this.#set],
      ['ADD', this.#add],
      ['REMOVE', this.#remove],
    ] as const;
    return {
      TableName: tableName,
      Key: key,
      ConditionExpression: this.#conditions.join(' AND '),
      UpdateExpression: clauses
        .filter(([, parts]) => parts.length > 0)
        .map(([keyword, parts]) => `${keyword} ${parts.join(', ')}`)
        .join(' '),
      ExpressionAttributeNames: this.#names,
      ExpressionAttributeValues: this.#values,
      ReturnValues: 'ALL_NEW',
    };
  }

  #name(attribute: string): string {
    this.#names[`#${attribute}`] = attribute;
    return `#${attribute}`;
  }

  #value(name: string, value: AttributeValue): string {
    this.#values[`:${name}`] = value;
    return `:${name}`;
  }
}
