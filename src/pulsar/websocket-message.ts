import type { EncryptionContext, Properties } from '../io';
import { partitionName } from './protocol';
import type { ReceivedMessage } from './transport';
import type { ConsumerFrame, EncryptionFrame } from './websocket-frames';
import type { WebSocketMessageId } from './websocket-message-id';

/**
 * A message as the API gives it. It cannot tell a null value from an empty one, nor a key of bytes from the text of
 * its base64, and it names no schema.
 */
export class WebSocketMessage implements ReceivedMessage {
  readonly topic: string;
  readonly key: string | undefined;
  readonly keyIsBase64 = false;
  readonly value: Uint8Array;
  readonly eventTime: number | undefined;
  readonly publishTime: number;
  readonly properties: Properties;
  readonly redeliveryCount: number;
  readonly schemaVersion = undefined;
  readonly encryption: EncryptionContext | undefined;
  /** For the consumer: whether it was acknowledged, or negatively. */
  settled = false;

  /** @param topic full name of the topic consumed. */
  constructor(
    readonly messageId: WebSocketMessageId,
    topic: string,
    frame: ConsumerFrame,
  ) {
    const { partition } = messageId;
    this.topic = partition < 0 ? topic : partitionName(topic, partition);
    this.key = frame.key;
    this.value = Buffer.from(frame.payload, 'base64');
    this.eventTime = instantOf(frame.eventTime);
    this.publishTime = instantOf(frame.publishTime) ?? 0;
    this.properties = frame.properties ?? {};
    this.redeliveryCount = frame.redeliveryCount ?? 0;
    this.encryption = frame.encryptionContext && encryptionOf(frame.encryptionContext);
  }

  get id(): string {
    return this.messageId.text;
  }

  /** Bytes that it counts for while it waits. */
  get size(): number {
    return this.value.length;
  }

  /** The same message, to be handed out once more. */
  again(): WebSocketMessage {
    const copy: WebSocketMessage = Object.create(WebSocketMessage.prototype);
    return Object.assign(copy, this, { settled: false });
  }
}

function instantOf(text: string | undefined): number | undefined {
  const instant = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(instant) ? undefined : instant;
}

const bytesOf = (base64 = ''): Buffer => Buffer.from(base64, 'base64');

function encryptionOf(frame: EncryptionFrame): EncryptionContext {
  const { keys = {}, compressionType = 'NONE', batchSize } = frame;
  return {
    keys: Object.entries(keys).map(([name, { keyValue, metadata }]) => ({
      name,
      value: bytesOf(keyValue),
      metadata: metadata ?? {},
    })),
    param: bytesOf(frame.param),
    algorithm: frame.algorithm ?? '',
    compressionType: compressionType as EncryptionContext['compressionType'],
    uncompressedMessageSize: frame.uncompressedMessageSize ?? 0,
    batchSize: typeof batchSize === 'number' ? batchSize : undefined,
  };
}
