import type { EncryptionContext, Properties, Record } from '../../io';
import type { SinkValue } from '../entry';
import { inJavaMapOrder } from './java-map-order';
import { gsonString } from './json-writer';
import { asBuffer } from './payload';

/**
 * FULL_MESSAGE_IN_JSON: `{"payloadBase64":…,"properties":{…},"encryptionCtx":{…}}`, the last only of encrypted
 * messages; no payloadBase64 for a null value (the Java connector fails at it). Source: Java connector,
 * Utils.serializeRecordToJson.
 */
export function fullJson(record: Record<SinkValue>): Uint8Array {
  const { value, properties, encryption } = record;
  const payload = value === undefined ? '' : `"payloadBase64":"${base64(value)}",`;
  const context = encryption === undefined ? '' : `,"encryptionCtx":${encryptionJson(encryption)}`;
  return Buffer.from(`{${payload}"properties":${textMap(properties)}${context}}`, 'utf8');
}

/** As it stands in `encryptionCtx`. */
export function encryptionJson(context: EncryptionContext): string {
  const keys = new Map(context.keys.map((key) => [key.name, key]));
  const values: string[] = [];
  const metadata: string[] = [];
  for (const name of inJavaMapOrder([...keys.keys()])) {
    const key = keys.get(name);
    if (key !== undefined) {
      values.push(`${gsonString(name)}:"${base64(key.value)}"`);
      if (Object.keys(key.metadata).length > 0) {
        metadata.push(`${gsonString(name)}:${textMap(key.metadata)}`);
      }
    }
  }
  const batchSize = context.batchSize === undefined ? '' : `,"batchSize":${context.batchSize}`;
  return (
    `{"keysMapBase64":{${values}},"keysMetadataMap":{${metadata}}` +
    `,"encParamBase64":"${base64(context.param)}","algorithm":${gsonString(context.algorithm)}` +
    `,"compressionType":"${context.compressionType}","uncompressedMessageSize":${context.uncompressedMessageSize}` +
    `${batchSize}}`
  );
}

function textMap(map: Properties): string {
  const members = inJavaMapOrder(Object.keys(map)).map(
    (name) => `${gsonString(name)}:${gsonString(map[name] ?? '')}`,
  );
  return `{${members}}`;
}

const base64 = (bytes: Uint8Array): string => asBuffer(bytes).toString('base64');
