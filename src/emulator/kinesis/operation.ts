import type { Field, InputOf, Shape } from '../shape';
import type { Account } from './account';

/** One operation of the API: what it takes, what it does, and how its answer is written when JSON.stringify is too slow. */
export interface Operation<S extends Shape, O> {
  readonly shape: S;
  /** @throws ServiceError */
  readonly run: (account: Account, input: InputOf<S>) => O;
  readonly write?: (output: O) => string;
}

export function operation<const S extends Shape, O>(
  shape: S,
  run: (account: Account, input: InputOf<S>) => O,
  write?: (output: O) => string,
): Operation<S, O> {
  return { shape, run, ...(write && { write }) };
}

const NAME_PATTERN = '[a-zA-Z0-9_.-]+';

export const STREAM_NAME = {
  type: 'String',
  min: 1,
  max: 128,
  pattern: NAME_PATTERN,
} as const satisfies Field;

export const SHARD_ID = STREAM_NAME;

/** Members by which most operations name their stream. Source: Kinesis API. */
export const STREAM_REF = {
  StreamName: STREAM_NAME,
  StreamARN: { type: 'String', min: 1, max: 2048, pattern: 'arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+' },
} as const satisfies Shape;

export const CONSUMER_NAME = STREAM_NAME;

/** Members by which operations name a consumer. Source: Kinesis API. */
export const CONSUMER_REF = {
  StreamARN: STREAM_REF.StreamARN,
  ConsumerName: CONSUMER_NAME,
  ConsumerARN: {
    type: 'String',
    min: 1,
    max: 2048,
    pattern: 'arn:aws.*:kinesis:.*:\\d{12}:.*stream/[a-zA-Z0-9_.-]+/consumer/[a-zA-Z0-9_.-]+:[0-9]+',
  },
} as const satisfies Shape;

export const HASH_KEY = { type: 'String', pattern: '0|([1-9]\\d{0,38})' } as const satisfies Field;

/** Source: Kinesis API, UpdateMaxRecordSize. */
export const MAX_RECORD_KIB = { type: 'Integer', min: 1024, max: 10_240 } as const satisfies Field;

export const PARTITION_KEY = { type: 'String', required: true, min: 1, max: 256 } as const satisfies Field;

export const SEQUENCE_NUMBER = { type: 'String', pattern: '0|([1-9]\\d{0,128})' } as const satisfies Field;
