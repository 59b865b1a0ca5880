/** A stream as `awsKinesisStreamName` gives it. */
export interface StreamName {
  readonly name: string;
  /** Set when an ARN was given, with the region in it. */
  readonly arn?: string;
  readonly region?: string;
}

/** Source: Kinesis API, StreamName and StreamARN. */
const NAME = /^[a-zA-Z0-9_.-]{1,128}$/;
const ARN = /^arn:aws[a-z-]*:kinesis:([a-z0-9-]+):\d{12}:stream\/([a-zA-Z0-9_.-]{1,128})$/;

/** Name or ARN of one stream; undefined when it is neither. */
export function parseStreamName(text: string): StreamName | undefined {
  const [arn, region, name] = ARN.exec(text) ?? [];
  if (arn !== undefined && region !== undefined && name !== undefined) {
    return { name, arn, region };
  }
  return NAME.test(text) ? { name: text } : undefined;
}

/** Whether `value` means several streams: a list, or a pattern. */
export function meansSeveralStreams(value: unknown): boolean {
  return Array.isArray(value) || (typeof value === 'string' && /[*?,]/.test(value));
}
