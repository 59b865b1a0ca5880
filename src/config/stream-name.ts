import { type JsonObject, textAt } from './tree';

/** A stream as its name or ARN gives it. */
export interface StreamName {
  readonly name: string;
  /** Set when an ARN was given, with the region in it. */
  readonly arn?: string;
  readonly region?: string;
}

/** Source: Kinesis API, StreamName and StreamARN. */
const NAME = /^[a-zA-Z0-9_.-]{1,128}$/;
const ARN = /^arn:aws[a-z-]*:kinesis:([a-z0-9-]+):\d{12}:stream\/([a-zA-Z0-9_.-]{1,128})$/;

/** What a text that names a stream must be, in words. */
export const STREAM_WORDS =
  'a name (1 to 128 letters, digits, "_", "-", "."), or arn:aws:kinesis:REGION:ACCOUNT:stream/NAME';

/** Name or ARN of one stream; undefined when it is neither. */
export function parseStreamName(text: string): StreamName | undefined {
  const [arn, region, name] = ARN.exec(text) ?? [];
  if (arn !== undefined && region !== undefined && name !== undefined) {
    return { name, arn, region };
  }
  return NAME.test(text) ? { name: text } : undefined;
}

/** The stream that `configs` of either connector names; undefined when nothing valid does. */
export function streamOf(configs: JsonObject): StreamName | undefined {
  const text = textAt(configs, 'outputStreamArn') ?? textAt(configs, 'awsKinesisStreamName');
  return text === undefined ? undefined : parseStreamName(text);
}

/** Whether `value` means several streams: a list, or a pattern. */
export function meansSeveralStreams(value: unknown): boolean {
  return Array.isArray(value) || (typeof value === 'string' && /[*?,]/.test(value));
}
