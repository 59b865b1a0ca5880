import { invalidParameter, validation } from './failure';
import {
  asFields,
  type Fields,
  flag,
  integer,
  list,
  oneOf,
  required,
  resourceName,
  structure,
  text,
} from './fields';
import { type KeyAttribute, type KeySchema, keyAttributes } from './key-schema';

export type BillingMode = 'PROVISIONED' | 'PAY_PER_REQUEST';

/** Capacity units; 0 and 0 when the table is billed per request. */
export interface Throughput {
  readonly read: number;
  readonly write: number;
}

export interface IndexDefinition {
  readonly name: string;
  readonly schema: KeySchema;
  readonly projection: 'ALL' | 'KEYS_ONLY' | 'INCLUDE';
  readonly nonKeyAttributes: readonly string[] | undefined;
  readonly throughput: Throughput;
}

export interface TableDefinition {
  readonly name: string;
  readonly schema: KeySchema;
  readonly attributes: readonly KeyAttribute[];
  readonly indexes: readonly IndexDefinition[];
  readonly billing: BillingMode;
  readonly throughput: Throughput;
  readonly deletionProtection: boolean;
}

const BILLING_MODES = ['PROVISIONED', 'PAY_PER_REQUEST'] as const;
const ON_DEMAND: Throughput = { read: 0, write: 0 };

/** @throws ValidationException */
export function readTableDefinition(input: Fields): TableDefinition {
  const name = required('TableName', resourceName(input, 'TableName'));
  const attributes = readAttributes(input);
  const schema = readKeySchema(input, attributes);
  const billing = readBilling(input) ?? 'PROVISIONED';
  const throughput = readThroughput(input, billing);
  const indexes = (list(input, 'GlobalSecondaryIndexes') ?? []).map((entry) =>
    readIndex(asFields(entry), attributes, billing),
  );
  checkIndexNames(indexes);
  checkAllUsed(attributes, [schema, ...indexes.map((index) => index.schema)]);
  const deletionProtection = flag(input, 'DeletionProtectionEnabled') ?? false;
  return { name, schema, attributes, indexes, billing, throughput, deletionProtection };
}

export function readAttributes(input: Fields): readonly KeyAttribute[] {
  return required('AttributeDefinitions', list(input, 'AttributeDefinitions')).map((entry) => {
    const fields = asFields(entry);
    return {
      name: required('AttributeName', text(fields, 'AttributeName')),
      type: required('AttributeType', oneOf(fields, 'AttributeType', ['S', 'N', 'B'])),
    };
  });
}

function readKeySchema(fields: Fields, attributes: readonly KeyAttribute[]): KeySchema {
  const entries = required('KeySchema', list(fields, 'KeySchema')).map((entry) => {
    const key = asFields(entry);
    return {
      name: required('AttributeName', text(key, 'AttributeName')),
      type: required('KeyType', oneOf(key, 'KeyType', ['HASH', 'RANGE'])),
    };
  });
  const [hash, range] = entries;
  if (hash?.type !== 'HASH') {
    throw validation('Invalid KeySchema: The first KeySchemaElement is not a HASH key type');
  }
  if (entries.length > 2 || (range !== undefined && range.type !== 'RANGE')) {
    throw validation('Invalid KeySchema: The second KeySchemaElement is not a RANGE key type');
  }
  if (hash.name === range?.name) {
    throw validation('Both the Hash Key and the Range Key element in the KeySchema have the same name');
  }
  const find = (name: string): KeyAttribute => {
    const found = attributes.find((attribute) => attribute.name === name);
    if (found === undefined) {
      const keys = entries.map((entry) => entry.name).join(', ');
      const defined = attributes.map((attribute) => attribute.name).join(', ');
      throw invalidParameter(
        'Some index key attributes are not defined in AttributeDefinitions. ' +
          `Keys: [${keys}], AttributeDefinitions: [${defined}]`,
      );
    }
    return found;
  };
  return { hash: find(hash.name), range: range && find(range.name) };
}

export function readBilling(input: Fields): BillingMode | undefined {
  return oneOf(input, 'BillingMode', BILLING_MODES);
}

export function readThroughput(fields: Fields, billing: BillingMode): Throughput {
  const throughput = structure(fields, 'ProvisionedThroughput');
  if (billing === 'PAY_PER_REQUEST') {
    if (throughput !== undefined) {
      throw invalidParameter(
        'Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST',
      );
    }
    return ON_DEMAND;
  }
  const read = throughput && integer(throughput, 'ReadCapacityUnits', 1);
  const write = throughput && integer(throughput, 'WriteCapacityUnits', 1);
  if (read === undefined || write === undefined) {
    throw invalidParameter(
      'ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED',
    );
  }
  return { read, write };
}

export function readIndex(
  fields: Fields,
  attributes: readonly KeyAttribute[],
  billing: BillingMode,
): IndexDefinition {
  const name = required('IndexName', resourceName(fields, 'IndexName'));
  const schema = readKeySchema(fields, attributes);
  const shape = required('Projection', structure(fields, 'Projection'));
  const projection = oneOf(shape, 'ProjectionType', ['ALL', 'KEYS_ONLY', 'INCLUDE']);
  const nonKeyAttributes = list(shape, 'NonKeyAttributes')?.map(String);
  if (projection === undefined) {
    throw invalidParameter('Unknown ProjectionType: null');
  }
  if (projection !== 'INCLUDE' && nonKeyAttributes !== undefined) {
    throw invalidParameter(`ProjectionType is ${projection}, but NonKeyAttributes is specified`);
  }
  return { name, schema, projection, nonKeyAttributes, throughput: readThroughput(fields, billing) };
}

export function checkIndexNames(indexes: readonly IndexDefinition[]): void {
  const names = indexes.map((index) => index.name);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) {
    throw invalidParameter(`Duplicate index name: ${twice}`);
  }
}

export function usedAttributes(schemas: readonly KeySchema[]): ReadonlySet<string> {
  return new Set(schemas.flatMap(keyAttributes).map(({ name }) => name));
}

/** An attribute that is in no key has no place in AttributeDefinitions. */
export function checkAllUsed(attributes: readonly KeyAttribute[], schemas: readonly KeySchema[]): void {
  const used = usedAttributes(schemas);
  if (attributes.some(({ name }) => !used.has(name))) {
    throw invalidParameter(
      schemas.length === 1
        ? 'Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions'
        : 'Some AttributeDefinitions are not used. ' +
            `AttributeDefinitions: [${attributes.map(({ name }) => name).join(', ')}], keys used: [${[...used].join(', ')}]`,
    );
  }
}
