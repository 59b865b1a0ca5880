import { decodeEncryption, type Encryption } from './command';
import { ProtocolError } from './protocol-error';
import { WireReader } from './wire-reader';

export type Properties = { readonly [name: string]: string };

/** What MessageMetadata and SingleMessageMetadata have in common; read into the same object over and over. */
export interface OwnMetadata {
  key: string | undefined;
  keyIsBase64: boolean;
  /** Milliseconds since the epoch. */
  eventTime: number | undefined;
  nullValue: boolean;
  hasProperties: boolean;
}

/** MessageMetadata: of one message, or of a whole batch. */
export interface EntryMetadata extends OwnMetadata {
  /** Its own bytes: properties are read from them when somebody asks. */
  readonly bytes: Buffer;
  /** Milliseconds since the epoch, by the producer's clock. */
  publishTime: number;
  /** Undefined when the entry is no batch. */
  batchSize: number | undefined;
  /** 0 none, 1 LZ4, 2 ZLIB, 3 ZSTD, 4 SNAPPY. */
  compression: number;
  uncompressedSize: number;
  /** Parts that the message was sent in, each an entry of its own. */
  chunks: number;
  /** Of a part: names the message, its place from 0, and bytes of all parts together. */
  uuid: string;
  chunkId: number;
  totalChunkBytes: number;
  schemaVersion: Buffer | undefined;
  encryption: Encryption | undefined;
}

/** SingleMessageMetadata: of one message of a batch. */
export interface SingleMetadata extends OwnMetadata {
  payloadSize: number;
  compactedOut: boolean;
}

/** Tags of the properties in either of the two. */
export const ENTRY_PROPERTIES = 0x22;
export const SINGLE_PROPERTIES = 0x0a;

export const NO_PROPERTIES: Properties = Object.freeze({});

const reader = new WireReader();

/** @throws ProtocolError when the bytes are no MessageMetadata. */
export function readEntryMetadata(bytes: Buffer): EntryMetadata {
  const metadata: EntryMetadata = {
    bytes,
    key: undefined,
    keyIsBase64: false,
    eventTime: undefined,
    nullValue: false,
    hasProperties: false,
    publishTime: 0,
    batchSize: undefined,
    compression: 0,
    uncompressedSize: 0,
    chunks: 1,
    uuid: '',
    chunkId: 0,
    totalChunkBytes: 0,
    schemaVersion: undefined,
    encryption: undefined,
  };
  let nullKey = false;
  reader.over(bytes);
  while (reader.more) {
    const tag = reader.varint();
    switch (tag) {
      case 0x18:
        metadata.publishTime = reader.varint();
        break;
      case ENTRY_PROPERTIES:
        metadata.hasProperties = true;
        checkProperty();
        break;
      case 0x32:
        metadata.key = reader.text();
        break;
      case 0x40:
        metadata.compression = reader.varint();
        break;
      case 0x48:
        metadata.uncompressedSize = reader.varint();
        break;
      case 0x58:
        metadata.batchSize = reader.varint();
        break;
      case 0x60:
        metadata.eventTime = reader.varint() || undefined;
        break;
      case 0x6a:
      case 0x72:
      case 0x7a:
        // Keys, algorithm and parameter of an encrypted message, which are rare.
        metadata.encryption ??= decodeEncryption(bytes);
        reader.skip(tag);
        break;
      case 0x82:
        metadata.schemaVersion = reader.view();
        break;
      case 0x88:
        metadata.keyIsBase64 = reader.varint() !== 0;
        break;
      case 0xc8:
        metadata.nullValue = reader.varint() !== 0;
        break;
      case 0xd2:
        metadata.uuid = reader.text();
        break;
      case 0xd8:
        metadata.chunks = reader.varint();
        break;
      case 0xe0:
        metadata.totalChunkBytes = reader.varint();
        break;
      case 0xe8:
        metadata.chunkId = reader.varint();
        break;
      case 0xf0:
        nullKey = reader.varint() !== 0;
        break;
      default:
        reader.skip(tag);
    }
  }
  if (nullKey) {
    metadata.key = undefined;
  }
  return metadata;
}

export function newSingleMetadata(): SingleMetadata {
  return {
    key: undefined,
    keyIsBase64: false,
    eventTime: undefined,
    nullValue: false,
    hasProperties: false,
    payloadSize: 0,
    compactedOut: false,
  };
}

/** Reads the SingleMessageMetadata at [start, end) of `bytes` into `single`. @throws ProtocolError */
export function readSingleMetadata(bytes: Buffer, start: number, end: number, single: SingleMetadata): void {
  single.key = undefined;
  single.keyIsBase64 = false;
  single.eventTime = undefined;
  single.nullValue = false;
  single.hasProperties = false;
  single.payloadSize = 0;
  single.compactedOut = false;
  let nullKey = false;
  reader.over(bytes, start, end);
  while (reader.more) {
    const tag = reader.varint();
    switch (tag) {
      case SINGLE_PROPERTIES:
        single.hasProperties = true;
        checkProperty();
        break;
      case 0x12:
        single.key = reader.text();
        break;
      case 0x18:
        single.payloadSize = reader.varint();
        break;
      case 0x20:
        single.compactedOut = reader.varint() !== 0;
        break;
      case 0x28:
        single.eventTime = reader.varint() || undefined;
        break;
      case 0x30:
        single.keyIsBase64 = reader.varint() !== 0;
        break;
      case 0x48:
        single.nullValue = reader.varint() !== 0;
        break;
      case 0x50:
        nullKey = reader.varint() !== 0;
        break;
      default:
        reader.skip(tag);
    }
  }
  if (nullKey) {
    single.key = undefined;
  }
}

/** Passes over a KeyValue, so that nobody who asks for properties later can meet damaged ones. */
function checkProperty(): void {
  const end = reader.length() + reader.at;
  while (reader.at < end) {
    reader.skip(reader.varint());
  }
  if (reader.at !== end) {
    throw new ProtocolError('unreadable', 'a property is longer than its field');
  }
}

const propertyReader = new WireReader();

/**
 * The properties under `tag` in the metadata at [start, end) of `bytes`, which was read before. Not read together
 * with the rest: they cost more than everything else of a message, and often nobody asks.
 */
export function readProperties(bytes: Buffer, start: number, end: number, tag: number): Properties {
  const properties: { [name: string]: string } = {};
  const fields = propertyReader.over(bytes, start, end);
  while (fields.more) {
    const found = fields.varint();
    if (found !== tag) {
      fields.skip(found);
      continue;
    }
    let [name, value] = ['', ''];
    for (const last = fields.length() + fields.at; fields.at < last; ) {
      const field = fields.varint();
      if (field === 0x0a) {
        name = fields.text();
      } else if (field === 0x12) {
        value = fields.text();
      } else {
        fields.skip(field);
      }
    }
    if (name === '__proto__') {
      // Set like any other name it would be lost, and change what the object is.
      Object.defineProperty(properties, name, { value, enumerable: true });
    } else {
      properties[name] = value;
    }
  }
  return properties;
}
