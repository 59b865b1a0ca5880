import { ENVIRONMENT_PREFIX } from './environment';
import { dereference, type SchemaName, type SchemaNode, schemaDocument } from './schema';
import { isObject, type JsonObject } from './tree';

/** Where the root of each document is in the schema that is made of all three. */
const ROOTS: { readonly [name in SchemaName]: string } = {
  connectors: '#',
  source: '#/$defs/sourceOptions',
  sink: '#/$defs/sinkOptions',
};
const LITERALS: { readonly [type: string]: string } = {
  integer: '-?[0-9]+',
  number: '-?[0-9.]+',
  boolean: 'true|false',
};
/** Keywords whose values are no schemas. */
const DATA = ['examples', 'default', 'enum', 'const', 'required', 'type', 'pattern', 'title', 'description'];

/**
 * The schema of a file as editors take it: in one piece, in the draft that all of them know, `${…}` allowed wherever the
 * loader takes it, help texts with default, range and environment variable, and options without effect marked so.
 * @param name `connectors`: a file of several; `source`, `sink`: a bare SourceConfig or SinkConfig
 */
export function editorSchema(name: SchemaName): JsonObject {
  const $defs: { [name: string]: JsonObject } = {};
  for (const home of ['connectors', 'source', 'sink'] as const) {
    Object.assign($defs, named(schemaDocument(home).$defs, home));
  }
  const root = copy(schemaDocument('connectors'), 'connectors');
  $defs.sourceOptions = copy(schemaDocument('source'), 'source');
  $defs.sinkOptions = copy(schemaDocument('sink'), 'sink');
  const $schema = 'http://json-schema.org/draft-07/schema#';
  return { $schema, ...(name === 'connectors' ? root : $defs[name]), $defs };
}

function named(
  nodes: { readonly [name: string]: SchemaNode } = {},
  home: SchemaName,
): { [name: string]: JsonObject } {
  return Object.fromEntries(Object.entries(nodes).map(([name, node]) => [name, copy(node, home)]));
}

/** A schema without the keywords that are ours, and with what they mean to an editor. */
function copy(node: SchemaNode, home: SchemaName): JsonObject {
  const kept = Object.entries(node).filter(
    ([key]) => !key.startsWith('x-') && !['$id', '$schema', '$defs'].includes(key),
  );
  const copies = kept.map(([key, value]) => [key, copied(key, value, home)]);
  return { ...Object.fromEntries(copies), ...marks(node, home) };
}

function copied(key: string, value: unknown, home: SchemaName): unknown {
  if (key === '$ref') {
    return placeOf(String(value), home);
  }
  if (DATA.includes(key)) {
    return value;
  }
  if (Array.isArray(value)) {
    return value.map((item) => copied(key, item, home));
  }
  if (!isObject(value)) {
    return value;
  }
  return key === 'properties' ? named(value as { [name: string]: SchemaNode }, home) : copy(value, home);
}

/** Definitions of all three lie side by side. */
function placeOf(ref: string, home: SchemaName): string {
  const [file = '', pointer = ''] = ref.split('#');
  const name = file === '' ? home : (file.replace('.schema.json', '') as SchemaName);
  return pointer.startsWith('/$defs/') ? `#${pointer}` : `${ROOTS[name]}${pointer}`;
}

function marks(node: SchemaNode, home: SchemaName): JsonObject {
  const useless = node['x-refused'] ?? node['x-notice'];
  const meant = dereference({ document: schemaDocument(home), node }).node;
  return {
    ...typeOf(node),
    ...(meant.description === undefined ? {} : { markdownDescription: helpOf(meant) }),
    ...(useless === undefined || node.enum !== undefined
      ? {}
      : { deprecationMessage: useless, doNotSuggest: true }),
  };
}

/** Numbers and switches may be references, and texts, as tools of Java's connector write them. */
function typeOf({ type }: SchemaNode): JsonObject {
  const types = type === undefined ? [] : [type].flat();
  const literals = types.map((one) => LITERALS[one]).filter((one) => one !== undefined);
  return literals.length === 0 || types.includes('string')
    ? {}
    : { type: [...types, 'string'], pattern: `^(${literals.join('|')}|.*\\$\\{.+)$` };
}

function helpOf(node: SchemaNode): string {
  const range = rangeOf(node);
  const [example] = node.examples ?? [];
  const variable = node['x-env'];
  return [
    node.description,
    node.default !== undefined && `Default: ${node.default === '' ? 'empty' : code(node.default)}`,
    range !== undefined && `Values: ${range}`,
    example !== undefined && `Example: ${code(example)}`,
    variable !== undefined && `Environment: \`${ENVIRONMENT_PREFIX}${variable}\``,
    node['x-sensitive'] &&
      `Sensitive: better a reference, \`\${env:NAME}\`, \`\${file:/path}\` or \`\${secret:name}\`.`,
  ]
    .filter(Boolean)
    .join('\n\n');
}

function rangeOf(node: SchemaNode): string | undefined {
  const { minimum, maximum, 'x-unit': unit } = node;
  if (minimum === undefined) {
    return node['x-format'];
  }
  const behind = unit === undefined ? '' : ` ${unit}`;
  return maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER
    ? `from ${minimum}${behind}`
    : `${minimum} to ${maximum}${behind}`;
}

function code(value: unknown): string {
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}
