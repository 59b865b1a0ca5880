import { isConnectorError } from '../errors';
import type { DeadLetterOrder, Properties } from '../io';
import type { OutgoingMessage, ProducerTransport, ReceivedMessage } from '../pulsar/transport';
import { encryptionJson } from '../sink/format/full-json';
import type { DeliveredRecord } from './lane-records';

/** Characters of an error's message that a dead letter carries. */
const MAX_REASON = 1000;

const NO_BYTES = new Uint8Array();

/** Who is told what became of dead letters. */
export interface DeadLetterOwner {
  stored(letter: DeadLetter): void;
  refused(letter: DeadLetter, error: Error): void;
}

/** A message on its way into the dead-letter topic. */
export class DeadLetter implements DeliveredRecord {
  /** Of its value. */
  readonly bytes: number;
  readonly #content: OutgoingMessage;
  readonly #owner: DeadLetterOwner;
  readonly #stored: () => void;

  /** @param stored The dead-letter topic has it. */
  constructor(content: OutgoingMessage, stored: () => void, owner: DeadLetterOwner) {
    this.bytes = content.value.length;
    this.#content = content;
    this.#stored = stored;
    this.#owner = owner;
  }

  get key(): string | undefined {
    return this.#content.key;
  }

  get value(): Uint8Array {
    return this.#content.value;
  }

  get eventTime(): number | undefined {
    return this.#content.eventTime;
  }

  get properties(): Properties {
    return this.#content.properties;
  }

  get recordSequence(): number | undefined {
    return this.#content.recordSequence;
  }

  ack(): void {
    this.#stored();
    this.#owner.stored(this);
  }

  fail(error: Error): void {
    this.#owner.refused(this, error);
  }
}

/** A message that a sink failed: as it was, with properties that say where from and why. */
export function letterOfMessage(message: ReceivedMessage, cause: Error): OutgoingMessage {
  return {
    key: message.key,
    value: message.value ?? NO_BYTES,
    eventTime: message.eventTime,
    properties: {
      ...origin(message.topic, message.id),
      ...message.properties,
      // A producer has no other way to say these three.
      ...(message.keyIsBase64 ? { 'pulsar-io-kinesis.key.encoding': 'base64' } : {}),
      ...(message.value === undefined ? { 'pulsar-io-kinesis.value': 'null' } : {}),
      ...(message.encryption === undefined
        ? {}
        : { 'pulsar-io-kinesis.encryption': encryptionJson(message.encryption) }),
      ...reason(cause),
    },
  };
}

/**
 * A record of a source that can never be stored in `topic`: its bytes, with properties that say where it belongs and
 * why it is not there.
 */
export function letterOfRecord(
  { record, properties, cause, truncate }: DeadLetterOrder,
  topic: string,
  { chunks, maxMessageBytes }: Pick<ProducerTransport, 'chunks' | 'maxMessageBytes'>,
): OutgoingMessage {
  const { key, eventTime, recordSequence } = record;
  const { length } = record.value;
  const limit = truncate && !chunks ? (maxMessageBytes ?? length) : length;
  return {
    key,
    recordSequence,
    // Asked for each time: the source may exchange it for a copy, to let go of the buffer it is a part of.
    get value() {
      return limit < length ? record.value.subarray(0, limit) : record.value;
    },
    eventTime,
    properties: {
      ...origin(topic),
      ...properties,
      ...(limit < length ? { 'pulsar-io-kinesis.value.length': String(length) } : {}),
      ...reason(cause),
    },
  };
}

/**
 * Source of the names: Pulsar RetryMessageUtil; those of a message that was a dead letter before stay, as in
 * ConsumerImpl.
 */
function origin(topic: string, messageId?: string): Properties {
  return messageId === undefined
    ? { REAL_TOPIC: topic }
    : { REAL_TOPIC: topic, ORIGIN_MESSAGE_ID: messageId };
}

function reason(cause: Error): Properties {
  return {
    'pulsar-io-kinesis.error.code': isConnectorError(cause) ? cause.code : cause.name,
    'pulsar-io-kinesis.error.message': cause.message.slice(0, MAX_REASON),
  };
}
