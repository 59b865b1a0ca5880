import { get, type JsonObject, textAt } from './tree';

/** A stream as its name or ARN gives it. */
export interface StreamName {
  readonly name: string;
  /** Set when an ARN was given, with what is in it. */
  readonly arn?: string;
  readonly region?: string;
  readonly account?: string;
}

/** Streams of the connector's own region and account by their names: `*` for any text, `?` for one character. */
export interface StreamPattern {
  readonly pattern: string;
}

export type StreamSelector = StreamName | StreamPattern;

/** Source: Kinesis API, StreamName and StreamARN. */
const NAME = /^[a-zA-Z0-9_.-]{1,128}$/;
const ARN = /^arn:aws[a-z-]*:kinesis:([a-z0-9-]+):(\d{12}):stream\/([a-zA-Z0-9_.-]{1,128})$/;
const PATTERN = /^[a-zA-Z0-9_.*?-]{1,128}$/;

/** What a text that names a stream must be, in words. */
export const STREAM_WORDS =
  'a name (1 to 128 letters, digits, "_", "-", "."), or arn:aws:kinesis:REGION:ACCOUNT:stream/NAME';

/** Name or ARN of one stream; undefined when it is neither. */
export function parseStreamName(text: string): StreamName | undefined {
  const [arn, region, account, name] = ARN.exec(text) ?? [];
  if (arn !== undefined && region !== undefined && account !== undefined && name !== undefined) {
    return { name, arn, region, account };
  }
  return NAME.test(text) ? { name: text } : undefined;
}

/** Name, ARN, or pattern of names; undefined when it is none of them. */
export function parseSelector(text: string): StreamSelector | undefined {
  return parseStreamName(text) ?? (PATTERN.test(text) ? { pattern: text } : undefined);
}

export function isPattern(selector: StreamSelector): selector is StreamPattern {
  return 'pattern' in selector;
}

/** Whether `value` means several streams: a list, or a text with `*` or `?`. */
export function meansSeveralStreams(value: unknown): boolean {
  return Array.isArray(value) || (typeof value === 'string' && /[*?]/.test(value));
}

/** The stream that `configs` of either connector names; undefined when nothing valid does, or several are meant. */
export function streamOf(configs: JsonObject): StreamName | undefined {
  const text = textAt(configs, 'outputStreamArn') ?? textAt(configs, 'awsKinesisStreamName');
  return text === undefined ? undefined : parseStreamName(text);
}

/** The streams that `configs` of a source names, those that are valid. */
export function selectorsOf(configs: JsonObject): readonly StreamSelector[] {
  return [get(configs, 'awsKinesisStreamName')]
    .flat()
    .flatMap((text) => (typeof text === 'string' ? (parseSelector(text) ?? []) : []));
}

/** The region that ARNs give: of the one stream, or of all of several. */
export function regionOfStreams(configs: JsonObject): string | undefined {
  const one = streamOf(configs);
  if (one !== undefined) {
    return one.region;
  }
  const regions = selectorsOf(configs).map((it) => (isPattern(it) ? undefined : it.region));
  return new Set(regions).size === 1 ? regions[0] : undefined;
}
