import { crc32c } from '@node-rs/crc32';
import { type CommandName, type Commands, encodeCommand } from './command';
import { ProtocolError } from './protocol-error';

/** In front of the checksum of a message's metadata and payload. */
export const CHECKSUM_MAGIC = 0x0e01;

/** Room the broker leaves in a frame beside the message. Source: Pulsar `Commands.MESSAGE_SIZE_FRAME_PADDING`. */
export const FRAME_PADDING = 10 * 1024;

/** What a broker takes that does not name a limit. Source: Pulsar `Commands.DEFAULT_MAX_MESSAGE_SIZE`. */
export const DEFAULT_MAX_MESSAGE_SIZE = 5 * 1024 * 1024;

/** A frame without payload: [total u32][command size u32][BaseCommand]. */
export function commandFrame<N extends CommandName>(name: N, body: Commands[N]): Buffer {
  const command = encodeCommand(name, body);
  const frame = Buffer.allocUnsafe(8 + command.length);
  frame.writeUInt32BE(4 + command.length, 0);
  frame.writeUInt32BE(command.length, 4);
  frame.set(command, 8);
  return frame;
}

/** Who takes frames apart. `command` is the BaseCommand, `payload` what is behind it (often empty). */
export type FrameHandler = (command: Buffer, payload: Buffer) => void;

/**
 * Cuts a stream of bytes into frames. What it hands out are views of the chunks it was given, valid for as long as
 * the handler keeps them.
 */
export class FrameReader {
  readonly #handler: FrameHandler;
  /** A longer frame is refused: it is no Pulsar that sends it. */
  maxFrameBytes = DEFAULT_MAX_MESSAGE_SIZE + FRAME_PADDING;
  #rest: Buffer[] = [];
  #restBytes = 0;
  /** Bytes needed before the rest is worth looking at. */
  #wanted = 4;

  constructor(handler: FrameHandler) {
    this.#handler = handler;
  }

  /** @throws ProtocolError when the bytes are no frames. */
  push(chunk: Buffer): void {
    let bytes = chunk;
    if (this.#restBytes > 0) {
      this.#rest.push(chunk);
      this.#restBytes += chunk.length;
      if (this.#restBytes < this.#wanted) {
        return;
      }
      bytes = Buffer.concat(this.#rest, this.#restBytes);
    }
    const offset = this.#readFrames(bytes);
    this.#rest = offset < bytes.length ? [bytes.subarray(offset)] : [];
    this.#restBytes = bytes.length - offset;
  }

  /** @returns the offset behind the last whole frame. */
  #readFrames(bytes: Buffer): number {
    let offset = 0;
    for (;;) {
      const left = bytes.length - offset;
      if (left < 8) {
        this.#wanted = 8;
        return offset;
      }
      const total = bytes.readUInt32BE(offset);
      const commandSize = bytes.readUInt32BE(offset + 4);
      if (total > this.maxFrameBytes || commandSize + 4 > total) {
        throw new ProtocolError('unavailable', `frame of ${total} bytes with a command of ${commandSize}`);
      }
      if (left < total + 4) {
        this.#wanted = total + 4;
        return offset;
      }
      const command = offset + 8;
      offset += total + 4;
      this.#handler(
        bytes.subarray(command, command + commandSize),
        bytes.subarray(command + commandSize, offset),
      );
    }
  }
}

/**
 * Splits what stands behind a SEND or MESSAGE command into metadata and payload.
 * @throws ProtocolError checksum when it was damaged on its way.
 */
export function splitPayload(bytes: Buffer): { readonly metadata: Buffer; readonly payload: Buffer } {
  let offset = 0;
  if (bytes.readUInt16BE(0) === CHECKSUM_MAGIC) {
    const found = crc32c(bytes.subarray(6));
    if (found !== bytes.readUInt32BE(2)) {
      throw new ProtocolError('checksum', 'the CRC-32C of a message does not match its bytes');
    }
    offset = 6;
  }
  const size = bytes.readUInt32BE(offset);
  const metadata = bytes.subarray(offset + 4, offset + 4 + size);
  return { metadata, payload: bytes.subarray(offset + 4 + size) };
}
