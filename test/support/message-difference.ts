import { isDeepStrictEqual } from 'node:util';
import type { Schema } from '../../src/io';
import { type CaseMessage, type MessageCase, schemaOfKind } from './message-cases';
import type { Exchanged, SeenMessage } from './message-exchange';

/** What is not as it was sent, in words; nothing when all of it is. */
export function differences(one: MessageCase, exchanged: Exchanged): string[] {
  const { sent, seen, errors } = exchanged;
  return [
    ...errors,
    ...(seen.length === sent.length ? [] : [`${seen.length} of ${sent.length} messages came`]),
    ...seen.flatMap((message) => messageDifferences(one, sent, message)),
    ...orderDifferences(one, exchanged),
    ...shapeDifferences(one, exchanged),
  ];
}

function messageDifferences(one: MessageCase, sent: readonly CaseMessage[], message: SeenMessage): string[] {
  const { number = 'none' } = message.properties;
  const original = sent.find(({ properties }) => properties.number === number);
  if (original === undefined) {
    return [`message ${number} was not sent`];
  }
  const { value, fields, ...rest } = original;
  // What a client does not show cannot differ.
  const wanted: { [field: string]: unknown } = {
    key: undefined,
    eventTime: undefined,
    ...('orderingKey' in message ? { orderingKey: undefined } : {}),
    ...('keyIsBase64' in message ? { keyIsBase64: false } : {}),
    ...rest,
    ...('fields' in message ? { fields: fieldsOf(one, original) } : {}),
  };
  return [
    ...Object.entries(wanted).flatMap(([field, expected]) => {
      const found = message[field as keyof SeenMessage];
      return !(field in message) || isDeepStrictEqual(found, expected)
        ? []
        : [`message ${number}: ${field} is ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`];
    }),
    ...(sameValue(one, value, message.value) ? [] : [`message ${number} has other bytes`]),
    ...schemaDifferences(one, message),
  ];
}

function schemaDifferences({ schema: kind }: MessageCase, { schema }: SeenMessage): string[] {
  const expected = plain(schemaOfKind(kind));
  return schema === undefined || isDeepStrictEqual(plain(schema), expected)
    ? []
    : [`its schema is ${JSON.stringify(plain(schema))}, not ${JSON.stringify(expected)}`];
}

/** Without names of schemas and defaults of fields, which are each client's own choice. */
function plain({ type, definition, keyValue }: Schema): unknown {
  const { fields } = (JSON.parse(definition || 'null') ?? {}) as { readonly fields?: readonly Field[] };
  return {
    type,
    fields: fields?.map((field) => ({ name: field.name, type: field.type })),
    keyValue: keyValue && {
      key: plain(keyValue.key),
      value: plain(keyValue.value),
      encoding: keyValue.encoding,
    },
  };
}

interface Field {
  readonly name: string;
  readonly type: unknown;
}

function sameValue({ schema }: MessageCase, sent: Buffer | undefined, found: Buffer | undefined): boolean {
  if (sent === undefined || found === undefined) {
    return sent === found;
  }
  // Each client's JSON schema writes spaces and escapes as it likes.
  return schema === 'JSON'
    ? isDeepStrictEqual(JSON.parse(String(sent)), JSON.parse(String(found)))
    : sent.equals(found);
}

/** What a reader with the schema's classes makes of it. */
function fieldsOf({ schema }: MessageCase, { fields }: CaseMessage): unknown {
  switch (schema) {
    case 'BYTES':
      return null;
    case 'STRING':
      return fields?.origin;
    case 'JSON':
    case 'AVRO':
      return fields;
    default:
      return { key: fields?.origin, value: fields };
  }
}

/** Key-based batches keep the order of a key, everything else that of the topic. */
function orderDifferences({ batching }: MessageCase, { sent, seen }: Exchanged): string[] {
  const last = new Map<string, number>();
  return seen.flatMap(({ properties }) => {
    const number = Number(properties.number);
    const key = batching === 'key-based' ? String(groupOf(sent, number)) : '';
    const behind = last.get(key) ?? -1;
    last.set(key, number);
    return number > behind ? [] : [`message ${number} came behind ${behind}`];
  });
}

/** Whether batches, chunks and compression are really there. */
function shapeDifferences(one: MessageCase, { sent, seen, storedBytes }: Exchanged): string[] {
  const entries = [...new Set(seen.map(({ entry }) => entry))].map((entry) =>
    seen.filter((message) => message.entry === entry),
  );
  const mixed = entries.filter(
    (batch) => new Set(batch.map(({ properties }) => groupOf(sent, Number(properties.number)))).size > 1,
  );
  const batches = entries.filter((batch) => batch.length > 1);
  const bytes = sent.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
  const compressed = storedBytes < 0.8 * bytes;
  return [
    ...(one.batching === 'none' && batches.length > 0 ? ['there are batches'] : []),
    ...(one.batching !== 'none' && batches.length === 0 ? ['there is no batch'] : []),
    ...(one.batching === 'key-based' && mixed.length > 0 ? ['a batch has several keys'] : []),
    ...(one.chunked && seen.some(({ chunked }) => chunked === false) ? ['there are no chunks'] : []),
    ...(one.compression !== 'NONE' && !compressed ? [`${storedBytes} of ${bytes} bytes are stored`] : []),
    ...(one.compression === 'NONE' && compressed ? [`only ${storedBytes} of ${bytes} bytes are stored`] : []),
  ];
}

/** What key-based batches go by. */
function groupOf(sent: readonly CaseMessage[], number: number): string | undefined {
  const message = sent.find(({ properties }) => properties.number === String(number));
  return message?.orderingKey ?? message?.key;
}
