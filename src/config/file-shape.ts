import { type ConnectorKind, LISTS } from './connector-kind';
import type { JsonObject } from './tree';

/** `bare`: one Pulsar SourceConfig or SinkConfig. `list`: shared settings, sources and sinks. */
export type FileShape = 'bare' | 'list';

/** A file of either shape as one of the list shape. */
export interface ShapedFile {
  readonly shape: FileShape;
  readonly root: JsonObject;
}

const SHARED = ['pulsar', 'aws', 'http', 'sources', 'sinks'];
/** Fields that a SourceConfig has and a SinkConfig does not, which tell the two apart. */
const SOURCE_FIELDS = ['topicName', 'sourceType', 'producerConfig', 'batchSourceConfig'];
const SINK_FIELDS = [
  'inputs',
  'inputSpecs',
  'sinkType',
  'topicsPattern',
  'topicToSchemaType',
  'topicToSerdeClassName',
  'sourceSubscriptionName',
  'sourceSubscriptionPosition',
  'deadLetterTopic',
];

/** @param kind What a file with one connector is taken for; its fields say when absent. */
export function shapeFile(raw: JsonObject, kind: ConnectorKind = kindOf(raw)): ShapedFile {
  if (SHARED.some((name) => Object.hasOwn(raw, name))) {
    return { shape: 'list', root: raw };
  }
  const { logLevel, ...connector } = raw;
  return {
    shape: 'bare',
    root: { ...(logLevel === undefined ? {} : { logLevel }), [LISTS[kind]]: [connector] },
  };
}

function kindOf(raw: JsonObject): ConnectorKind {
  const has = (name: string): boolean => Object.hasOwn(raw, name);
  if (SOURCE_FIELDS.some(has)) {
    return 'source';
  }
  const javaSink = typeof raw.className === 'string' && raw.className.endsWith('.KinesisSink');
  return javaSink || SINK_FIELDS.some(has) ? 'sink' : 'source';
}

/** Path of an option as it stands in the user's file. */
export function displayPath(path: string, shape: FileShape): string {
  return shape === 'bare' ? path.replace(/^(sources|sinks)\[0\]\.?/, '') : path;
}
