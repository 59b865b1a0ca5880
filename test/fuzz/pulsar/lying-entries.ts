import { deflateSync } from 'node:zlib';
import { crc32c } from '@node-rs/crc32';
import { loadCodec } from '../../../src/pulsar/protocol/codecs';
import { type EncodedMessage, encodeBatch, encodeSingle } from '../../support/message-codec';
import type { Dice } from './dice';

const BOMB_BYTES = 16 * 1024 * 1024;
const MIB = 1024 * 1024;

/** A few KiB each that become 16 MiB, by their number on the wire. */
let bombs: readonly { readonly type: number; readonly bytes: Uint8Array }[] = [];

/** Makes what takes long to make. */
export async function entriesReady(): Promise<void> {
  if (bombs.length === 0) {
    const zeroes = Buffer.alloc(BOMB_BYTES);
    const [lz4, zstd, snappy] = await Promise.all([loadCodec('LZ4'), loadCodec('ZSTD'), loadCodec('SNAPPY')]);
    bombs = [
      { type: 1, bytes: lz4.compress(zeroes) },
      { type: 2, bytes: deflateSync(zeroes) },
      { type: 3, bytes: zstd.compress(zeroes) },
      { type: 4, bytes: snappy.compress(zeroes) },
    ];
  }
}

/** What stands behind a MESSAGE command: whole, odd, or broken. */
export function lyingEntry(dice: Dice): Buffer {
  switch (dice.below(10)) {
    case 0:
      return dice.bytes(dice.below(60));
    case 1:
      return dice.mutated(entry(dice));
    case 2:
    case 3:
      return resealed(dice.mutated(entry(dice)));
    case 4:
      // Without checksum: old brokers send that.
      return entry(dice).subarray(6);
    case 5:
      return dice.once(20) ? bomb(dice) : entry(dice);
    default:
      return entry(dice);
  }
}

function entry(dice: Dice): Buffer {
  const messages = Array.from({ length: dice.below(4) }, () => message(dice));
  const first = messages[0] ?? message(dice);
  return dice.once(2) ? encodeBatch(messages, fields(dice)) : encodeSingle(first, fields(dice));
}

function message(dice: Dice): EncodedMessage {
  return {
    key: dice.once(2) ? undefined : dice.text(10),
    keyIsBase64: dice.once(4),
    value: dice.once(8) ? undefined : dice.bytes(dice.below(40)),
    eventTime: dice.below(1000),
    properties: dice.once(2) ? {} : { [dice.text(8)]: dice.text(8), __proto__: 'x' },
    compactedOut: dice.once(10),
  };
}

/** Fields of MessageMetadata, each of which is a lie now and then. */
function fields(dice: Dice): { [field: string]: unknown } {
  const lies: { [field: string]: () => unknown } = {
    numMessagesInBatch: () => dice.int(),
    compression: () => dice.of([0, 1, 2, 3, 4, 5, -1, 2 ** 31 - 1]),
    uncompressedSize: () => dice.of([0, 1, 100, 64 * MIB, 64 * MIB + 1, 2 ** 32 - 1]),
    schemaVersion: () => dice.bytes(dice.below(9)),
    encryptionKeys: () => [{ key: dice.text(3), value: dice.bytes(3), metadata: [] }],
    nullValue: () => true,
    nullPartitionKey: () => true,
  };
  const chosen = Object.entries(lies).filter(() => dice.once(8));
  const made = Object.fromEntries(chosen.map(([name, make]) => [name, make()]));
  return dice.once(4) ? { ...made, ...chunkFields(dice) } : made;
}

function chunkFields(dice: Dice): { [field: string]: unknown } {
  const count = dice.once(4) ? dice.int() : 2 + dice.below(3);
  return {
    uuid: dice.of(['a', 'b', 'c']),
    numChunksFromMsg: count,
    chunkId: dice.once(4) ? dice.int() : dice.below(3),
    totalChunkMsgSize: dice.once(4) ? dice.int() : dice.below(100),
  };
}

function bomb(dice: Dice): Buffer {
  const { type, bytes } = dice.of(bombs);
  const uncompressedSize = dice.of([BOMB_BYTES, BOMB_BYTES, BOMB_BYTES - 1, 100, 64 * MIB]);
  const batch = dice.once(2) ? {} : { numMessagesInBatch: dice.of([1, 2, BOMB_BYTES / 4, 2 ** 31 - 1]) };
  return encodeSingle(
    { value: undefined },
    { nullValue: false, compression: type, uncompressedSize, compress: () => bytes, ...batch },
  );
}

/** With the checksum that belongs to it. */
function resealed(frame: Buffer): Buffer {
  if (frame.length < 6) {
    return frame;
  }
  const sealed = Buffer.from(frame);
  sealed.writeUInt16BE(0x0e01);
  sealed.writeUInt32BE(crc32c(sealed.subarray(6)), 2);
  return sealed;
}
