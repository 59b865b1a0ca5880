import type { ProblemList } from './problems';
import { isObject, type JsonObject } from './tree';

/** `bare`: one Pulsar SourceConfig. `list`: shared settings, sources and sinks. */
export type FileShape = 'bare' | 'list';

/** A file of either shape as one of the list shape. */
export interface ShapedFile {
  readonly shape: FileShape;
  readonly root: JsonObject;
}

const SHARED = ['pulsar', 'aws', 'http', 'sources', 'sinks'];
/** Fields of a Pulsar SinkConfig that a SourceConfig does not have. */
const SINK_FIELDS = [
  'inputs',
  'topicsPattern',
  'inputSpecs',
  'sinkType',
  'sourceSubscriptionName',
  'topicToSerdeClassName',
];

export function shapeFile(raw: JsonObject): ShapedFile {
  if (SHARED.some((name) => Object.hasOwn(raw, name))) {
    return { shape: 'list', root: raw };
  }
  const { logLevel, ...source } = raw;
  return { shape: 'bare', root: { ...(logLevel === undefined ? {} : { logLevel }), sources: [source] } };
}

/** Path of an option as it stands in the user's file. */
export function displayPath(path: string, shape: FileShape): string {
  return shape === 'bare' ? path.replace(/^sources\[0\]\.?/, '') : path;
}

/** True when `raw` is a SinkConfig, which is then the only problem worth telling. */
export function reportSink(raw: JsonObject, problems: ProblemList): boolean {
  const field = SINK_FIELDS.find((name) => Object.hasOwn(raw, name));
  if (field === undefined) {
    return false;
  }
  problems.add('NOT_AVAILABLE_YET', field, {
    found: `${field}, a field of a SinkConfig`,
    expected: 'a SourceConfig',
    hint: 'Sinks come with a later version.',
  });
  return true;
}

/** The sources of a file, those that are mappings. */
export function sourcesOf(root: JsonObject): readonly JsonObject[] {
  return Array.isArray(root.sources) ? root.sources.filter(isObject) : [];
}
