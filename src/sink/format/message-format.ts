import type { KinesisSinkConfig } from '../../config';
import type { Record } from '../../io';
import type { SinkValue } from '../entry';
import { expandedJsonFormat } from './expanded-json';
import { flatBufferFormat } from './flat-buffer';
import { fullJson } from './full-json';
import type { Payload } from './payload';

/** What is stored of a record. Bytes of its own or the record's value, never shared with another record. */
export type MessageFormat = (record: Record<SinkValue>, payload: Payload) => Uint8Array;

const EMPTY = new Uint8Array(0);

/** Source of all four: Java connector, KinesisSink.createKinesisMessage. */
export function messageFormat({
  messageFormat: name,
  jsonIncludeNonNulls,
  jsonFlatten,
}: Pick<KinesisSinkConfig, 'messageFormat' | 'jsonIncludeNonNulls' | 'jsonFlatten'>): MessageFormat {
  switch (name) {
    case 'ONLY_RAW_PAYLOAD':
      return rawPayload;
    case 'FULL_MESSAGE_IN_JSON':
      return fullJson;
    case 'FULL_MESSAGE_IN_FB':
      return flatBufferFormat();
    case 'FULL_MESSAGE_IN_JSON_EXPAND_VALUE':
      return readable(expandedJsonFormat({ jsonIncludeNonNulls, jsonFlatten }));
  }
}

/** The bytes as they are; an empty record for a null value, which Kinesis takes. */
const rawPayload = readable((record) => record.value ?? EMPTY);

/** Only the two full formats carry what a reader needs to decrypt the value. */
function readable(format: MessageFormat): MessageFormat {
  return (record, payload) => {
    if (record.encryption !== undefined) {
      throw payload.invalid('The payload could not be read by anyone', {
        expected: 'a message that is not encrypted',
        found: 'an encrypted one, and this messageFormat has no place for its keys',
        hint: 'Set messageFormat to FULL_MESSAGE_IN_JSON or FULL_MESSAGE_IN_FB, which carry the encryption context.',
      });
    }
    return format(record, payload);
  };
}
