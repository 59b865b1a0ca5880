import type { KinesisSinkConfig } from '../config';
import { isConnectorError } from '../errors';
import type { Random } from '../util/random';
import type { EntryMaker } from './entry';
import { isHashKey, randomHashKey } from './explicit-hash-key';
import { messageFormat } from './format/message-format';
import { Payload } from './format/payload';
import { columnText, defaultText } from './partition-column';
import { fittingKey, randomKeys } from './partition-key';

export type EntryMakerConfig = Pick<
  KinesisSinkConfig,
  'messageFormat' | 'jsonIncludeNonNulls' | 'jsonFlatten' | 'partitionColumn' | 'explicitHashKeyColumn'
>;

/**
 * Makes the entries of one sink. The payload is decoded only if a column or the format needs it.
 *
 * | partitionColumn | key of the entry | when the message has none |
 * |---|---|---|
 * | field path, `property:<name>`, `key`, `topic` | text of the column | random, and `onMissing` is called |
 * | `random` | a fresh random key | |
 * | not set | message key, else the first text column of the payload | random |
 *
 * explicitHashKeyColumn: a decimal number from 0 to 2^128 − 1 is used, anything else is SINK_RECORD_INVALID; a
 * message without one has no explicit hash key.
 */
export function createEntryMaker(
  config: EntryMakerConfig,
  random: Random,
  { onMissing }: { readonly onMissing?: () => void } = {},
): EntryMaker {
  const format = messageFormat(config);
  const keyOf = keySelector(config, onMissing);
  const hashKeyOf = hashKeySelector(config, random);
  const randomKey = randomKeys(random);
  return {
    make: (record) => {
      const payload = new Payload(record);
      const data = format(record, payload);
      const key = keyOf(payload);
      const keyed = key !== undefined;
      const partitionKey = keyed ? fittingKey(key) : randomKey();
      const explicitHashKey = hashKeyOf?.(payload);
      return explicitHashKey === undefined
        ? { data, partitionKey, keyed }
        : { data, partitionKey, keyed, explicitHashKey };
    },
  };
}

type TextSelector = (payload: Payload) => string | undefined;

function keySelector({ partitionColumn: column }: EntryMakerConfig, onMissing?: () => void): TextSelector {
  if (column.type === 'random') {
    return () => undefined;
  }
  if (column.type === 'default') {
    return textIfReadable;
  }
  return (payload) => {
    const text = columnText(column, payload);
    if (text === undefined) {
      onMissing?.();
    }
    return text;
  };
}

/** Nobody asked for a column: a payload that cannot be read for one is no reason to refuse the record. */
function textIfReadable(payload: Payload): string | undefined {
  try {
    return defaultText(payload);
  } catch (error) {
    if (isConnectorError(error, 'SINK_RECORD_INVALID', 'SINK_SCHEMA_UNSUPPORTED')) {
      return undefined;
    }
    throw error;
  }
}

function hashKeySelector(
  { explicitHashKeyColumn: column }: EntryMakerConfig,
  random: Random,
): TextSelector | undefined {
  if (column === undefined) {
    return undefined;
  }
  if (column.type === 'random') {
    return () => randomHashKey(random);
  }
  return (payload) => {
    const text = columnText(column, payload);
    if (text !== undefined && !isHashKey(text)) {
      throw payload.invalid('The column of the explicit hash key holds none', {
        expected: 'a decimal number from 0 to 2^128 − 1',
        found: text.length > 60 ? `a text of ${text.length} characters` : JSON.stringify(text),
      });
    }
    return text;
  };
}
