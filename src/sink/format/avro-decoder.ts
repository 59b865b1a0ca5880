import { Type, types } from 'avsc';
import { messageOf } from '../../errors';
import { AvroReader } from './avro-reader';
import { javaDecimal } from './java-number';
import { doubleValue, floatValue, JsonNumber, type JsonObject, type JsonValue } from './json-value';
import { SchemaError } from './payload-error';

type Read = (reader: AvroReader) => JsonValue;

/** Largest scale written out; anything above is no schema of this world and would make megabytes of zeros. */
const MAX_SCALE = 10_000;

/**
 * The two logical types that change how a value is written. Where the constructor throws, avsc goes on with the
 * underlying type, as Avro wants it for a logical type that is not valid.
 */
class DecimalType extends types.LogicalType {
  readonly scale: number;

  constructor(schema: { readonly scale?: unknown }, options: unknown) {
    super(schema as never, options as never);
    const scale = schema.scale ?? 0;
    const { underlyingType } = this;
    if (typeof scale !== 'number' || !Number.isInteger(scale) || scale < 0 || scale > MAX_SCALE) {
      throw new SchemaError('not a scale');
    }
    if (!(underlyingType instanceof types.BytesType || underlyingType instanceof types.FixedType)) {
      throw new SchemaError('not bytes');
    }
    this.scale = scale;
  }
}

class UuidType extends types.LogicalType {
  constructor(schema: unknown, options: unknown) {
    super(schema as never, options as never);
    const { underlyingType } = this;
    if (underlyingType instanceof types.FixedType && underlyingType.size !== 16) {
      throw new SchemaError('not 16 bytes');
    }
  }
}

/**
 * Decodes payloads of one Avro schema. avsc reads the schema; values are read here, because avsc gives numbers and
 * objects, which lose digits beyond 2^53 and the order of map entries.
 * bytes and fixed become base64, decimal an exact number, uuid its text, date and time types their raw number, a union
 * the value of its branch; NaN and the infinities text. Members: fields in schema order, map entries as encoded.
 * @throws SchemaError
 */
export function avroDecoder(definition: string): (bytes: Buffer) => JsonValue {
  const read = compile(parseSchema(definition), new Map());
  return (bytes) => {
    const reader = new AvroReader(bytes);
    const value = read(reader);
    reader.end();
    return value;
  };
}

function parseSchema(definition: string): Type {
  try {
    // Defaults serve only readers with a schema of their own; Pulsar takes schemas whose defaults do not fit, avsc does not.
    const schema = JSON.parse(definition, (name, value) => (name === 'default' ? undefined : value));
    return Type.forSchema(schema, {
      wrapUnions: 'always',
      logicalTypes: { decimal: DecimalType as never, uuid: UuidType as never },
    });
  } catch (error) {
    throw new SchemaError(messageOf(error));
  }
}

function compile(type: Type, known: Map<Type, Read>): Read {
  const before = known.get(type);
  if (before !== undefined) {
    return before;
  }
  // A recursive type meets itself before it is compiled.
  let compiled: Read | undefined;
  known.set(type, (reader) => (compiled as Read)(reader));
  compiled = reader(type, known);
  known.set(type, compiled);
  return compiled;
}

function reader(type: Type, known: Map<Type, Read>): Read {
  if (type instanceof DecimalType) {
    return decimalReader(type);
  }
  if (type instanceof UuidType) {
    return uuidReader(type.underlyingType, known);
  }
  if (type instanceof types.LogicalType) {
    return compile(type.underlyingType, known);
  }
  if (type instanceof types.RecordType) {
    return recordReader(type, known);
  }
  if (type instanceof types.WrappedUnionType || type instanceof types.UnwrappedUnionType) {
    const branches = type.types.map((branch) => compile(branch, known));
    return (reader) => branches[reader.index(branches.length, 'a branch')]?.(reader) ?? null;
  }
  if (type instanceof types.ArrayType) {
    const item = compile(type.itemsType, known);
    return (reader) => {
      const items: JsonValue[] = [];
      reader.nested(() => reader.items(() => items.push(item(reader))));
      return items;
    };
  }
  if (type instanceof types.MapType) {
    const value = compile(type.valuesType, known);
    return (reader) => {
      const entries: JsonObject = new Map();
      reader.nested(() => reader.items(() => entries.set(reader.string(), value(reader))));
      return entries;
    };
  }
  if (type instanceof types.EnumType) {
    const { symbols } = type;
    return (reader) => symbols[reader.index(symbols.length, 'a symbol')] ?? null;
  }
  if (type instanceof types.FixedType) {
    const { size } = type;
    return (reader) => reader.fixed(size).toString('base64');
  }
  return primitiveReader(type.typeName);
}

function recordReader(type: types.RecordType, known: Map<Type, Read>): Read {
  const fields = type.fields.map((field) => ({ name: field.name, read: compile(field.type, known) }));
  return (reader) =>
    reader.nested(() => {
      const record: JsonObject = new Map();
      for (const { name, read } of fields) {
        record.set(name, read(reader));
      }
      return record;
    });
}

function decimalReader({ scale, underlyingType }: DecimalType): Read {
  const unscaled = (bytes: Buffer): bigint =>
    bytes.length === 0 ? 0n : BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`));
  if (underlyingType instanceof types.FixedType) {
    const { size } = underlyingType;
    return (reader) => new JsonNumber(javaDecimal(unscaled(reader.fixed(size)), scale));
  }
  return (reader) => new JsonNumber(javaDecimal(unscaled(reader.bytes()), scale));
}

function uuidReader(type: Type, known: Map<Type, Read>): Read {
  if (!(type instanceof types.FixedType)) {
    return compile(type, known);
  }
  return (reader) => {
    const hex = reader.fixed(16).toString('hex');
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  };
}

function primitiveReader(typeName: string): Read {
  switch (typeName) {
    case 'null':
      return () => null;
    case 'boolean':
      return (reader) => reader.boolean();
    case 'int':
      return (reader) => new JsonNumber(String(reader.int()));
    case 'long':
      return (reader) => new JsonNumber(String(reader.long()));
    case 'float':
      return (reader) => floatValue(reader.float());
    case 'double':
      return (reader) => doubleValue(reader.double());
    case 'bytes':
      return (reader) => reader.bytes().toString('base64');
    case 'string':
      return (reader) => reader.string();
    default:
      throw new SchemaError(`unknown Avro type ${typeName}`);
  }
}
