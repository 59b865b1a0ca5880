import type { KinesisSinkConfig, PartitionColumn } from '../../../src/config';
import { BYTES_SCHEMA, type Record, type Schema, type SchemaType } from '../../../src/io';
import type { EntryParts, SinkValue } from '../../../src/sink/entry';
import { createEntryMaker, type EntryMakerConfig } from '../../../src/sink/entry-maker';
import { seededRandom } from '../../../src/util/random';

export const TOPIC = 'persistent://public/default/orders';

export type Message = Partial<Omit<Record<SinkValue>, 'value'>> & { readonly value?: Uint8Array | string };

/** A message as a sink is given it; text is UTF-8, no value is a null value. */
export function message({ value, ...rest }: Message = {}): Record<SinkValue> {
  return {
    key: undefined,
    value: typeof value === 'string' ? Buffer.from(value, 'utf8') : value,
    eventTime: undefined,
    properties: {},
    partitionId: undefined,
    recordSequence: undefined,
    destinationTopic: undefined,
    schema: BYTES_SCHEMA,
    partition: undefined,
    topicName: TOPIC,
    ack: () => undefined,
    fail: () => undefined,
    ...rest,
  };
}

export function schema(type: SchemaType, definition: unknown = ''): Schema {
  return {
    type,
    name: type.toLowerCase(),
    definition: typeof definition === 'string' ? definition : JSON.stringify(definition),
  };
}

export const JSON_SCHEMA = schema('JSON', { type: 'record', name: 'Any', fields: [] });

export function keyValueSchema(key: Schema, value: Schema, encoding: 'INLINE' | 'SEPARATED'): Schema {
  return { ...schema('KEY_VALUE'), keyValue: { key, value, encoding } };
}

export function inlinePair(key: Uint8Array | undefined, value: Uint8Array | undefined): Buffer {
  const part = (bytes: Uint8Array | undefined): Buffer => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(bytes?.length ?? -1);
    return Buffer.concat([length, bytes ?? Buffer.alloc(0)]);
  };
  return Buffer.concat([part(key), part(value)]);
}

const DEFAULTS: EntryMakerConfig = {
  messageFormat: 'ONLY_RAW_PAYLOAD',
  jsonIncludeNonNulls: true,
  jsonFlatten: false,
  partitionColumn: { type: 'random' },
};

export interface MadeEntry extends EntryParts {
  readonly text: string;
  readonly missing: number;
}

/** The entry of one message, by a maker of its own. */
export function entryOf(config: Partial<EntryMakerConfig>, of: Message): MadeEntry {
  let missing = 0;
  const maker = createEntryMaker({ ...DEFAULTS, ...config }, seededRandom(1), {
    onMissing: () => {
      missing += 1;
    },
  });
  const entry = maker.make(message(of));
  return { ...entry, text: Buffer.from(entry.data).toString('utf8'), missing };
}

/** Text of the payload as FULL_MESSAGE_IN_JSON_EXPAND_VALUE writes it. */
export function expandedPayload(of: Message, options: Partial<EntryMakerConfig> = {}): string {
  const { text } = entryOf({ ...options, messageFormat: 'FULL_MESSAGE_IN_JSON_EXPAND_VALUE' }, of);
  return text.replace(/^\{"topicName":"[^"]*","payload":/, '').replace(/\}$/, '');
}

export const field = (...path: string[]): PartitionColumn & KinesisSinkConfig['explicitHashKeyColumn'] => ({
  type: 'field',
  path,
});

/** What `make` throws. */
export function failureOf(make: () => unknown): unknown {
  try {
    make();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
