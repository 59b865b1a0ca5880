import { messageOf } from '../errors';
import type { SchemaType } from '../io';
import { withDefaults } from './normalise';
import { joinPath } from './path';
import { describe, type ProblemList } from './problems';
import { propertyOf, schemaDocument } from './schema';
import { didYouMean } from './suggestion';
import { fullName } from './topic';
import { TopicsPattern } from './topics-pattern';
import { get, isObject, type JsonObject, textAt } from './tree';
import type { ConfigNotice } from './types';

/** One topic that a sink reads, or a pattern of topics. */
export interface SinkInput {
  /** As first given. */
  readonly topic: string;
  readonly fullName: string;
  readonly isPattern: boolean;
  /** Of messages that carry no schema. */
  readonly schemaType?: SchemaType;
  readonly receiverQueueSize: number;
}

/** Schemas whose name alone says how to read a value. */
const COMPLETE: readonly SchemaType[] = [
  'BYTES',
  'STRING',
  'JSON',
  'BOOLEAN',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FLOAT',
  'DOUBLE',
  'DATE',
  'TIME',
  'TIMESTAMP',
  'INSTANT',
  'LOCAL_DATE',
  'LOCAL_TIME',
  'LOCAL_DATE_TIME',
];
/** Those that need a definition, which only the messages have. */
const INCOMPLETE = ['AVRO', 'PROTOBUF', 'PROTOBUF_NATIVE', 'KEY_VALUE'];
/** Those that leave it to the messages. */
const OPEN = ['', 'NONE', 'AUTO', 'AUTO_CONSUME'];

/** A topic where a SinkConfig names it. */
interface NamedTopic {
  readonly topic: string;
  readonly field: 'inputs' | 'topicsPattern' | 'topicToSchemaType' | 'inputSpecs';
  readonly path: string;
  readonly isPattern?: boolean;
  /** Name of a schema, and its path. */
  readonly schema?: unknown;
  readonly schemaPath: string;
  readonly receiverQueueSize?: unknown;
}

/** In the order Pulsar reads them. Source: SinkConfigUtils. */
function namedTopics(sink: JsonObject, path: string): readonly NamedTopic[] {
  const entries = (field: string): [string, unknown][] =>
    Object.entries(isObject(sink[field]) ? sink[field] : {});
  const at = (field: NamedTopic['field'], key: string | number) => {
    const place = joinPath(joinPath(path, field), key);
    return { field, path: place, schemaPath: place };
  };
  const pattern = textAt(sink, 'topicsPattern');
  const patternPath = joinPath(path, 'topicsPattern');
  const inputs: readonly unknown[] = Array.isArray(sink.inputs) ? sink.inputs : [];
  return [
    ...inputs.flatMap((topic, i) => (typeof topic === 'string' ? [{ topic, ...at('inputs', i) }] : [])),
    ...(pattern === undefined
      ? []
      : [
          {
            topic: pattern,
            field: 'topicsPattern' as const,
            path: patternPath,
            schemaPath: patternPath,
            isPattern: true,
          },
        ]),
    ...entries('topicToSchemaType').map(([topic, schema]) => ({
      topic,
      schema,
      ...at('topicToSchemaType', topic),
    })),
    ...entries('inputSpecs').map(([topic, spec]) => {
      const place = at('inputSpecs', topic);
      return {
        topic,
        ...place,
        schema: get(spec, 'schemaType'),
        schemaPath: joinPath(place.path, 'schemaType'),
        receiverQueueSize: get(spec, 'receiverQueueSize'),
        isPattern: get(spec, 'regexPattern') === true || get(spec, 'isRegexPattern') === true,
      };
    }),
  ].filter(({ topic }) => topic !== '');
}

/** Every topic of `inputs`, `topicToSchemaType` and `inputSpecs`, once each by its full name. */
export function sinkInputs(sink: JsonObject): readonly SinkInput[] {
  const found = new Map<string, SinkInput>();
  for (const { topic, schema, receiverQueueSize: size, isPattern = false } of namedTopics(sink, '')) {
    const full = fullName(topic);
    const before = found.get(full) ?? {
      topic,
      fullName: full,
      isPattern,
      receiverQueueSize: defaultQueueSize(),
    };
    const schemaType = schemaTypeOf(schema);
    found.set(full, {
      ...before,
      ...(schemaType === undefined ? {} : { schemaType }),
      ...(typeof size === 'number' ? { receiverQueueSize: size } : {}),
    });
  }
  return [...found.values()];
}

function schemaTypeOf(name: unknown): SchemaType | undefined {
  return typeof name === 'string' ? COMPLETE.find((type) => type === name.toUpperCase()) : undefined;
}

/** From the schema, where it is the default of an option of each input. */
function defaultQueueSize(): number {
  const document = schemaDocument('connectors');
  const specs = propertyOf({ document, node: { $ref: '#/$defs/sink' } }, 'inputSpecs');
  const spec = specs === undefined ? undefined : propertyOf(specs, 'any');
  return Number(spec === undefined ? undefined : withDefaults({}, spec).receiverQueueSize);
}

/** Reports a sink without inputs, inputs given twice, and schemas that are not known. */
export function inputProblems(
  sink: JsonObject,
  path: string,
  problems: ProblemList,
  notices: ConfigNotice[],
): void {
  const named = namedTopics(sink, path);
  if (named.length === 0) {
    problems.add('CONFIG_MISSING', joinPath(path, 'inputs'), {
      found: 'nothing',
      expected: 'at least one topic',
      hint: 'Set inputs to the topics that the messages come from.',
    });
  }
  const seen = new Map<string, string>();
  for (const { topic, path: place, field, schema, schemaPath, isPattern } of named) {
    if (isPattern) {
      patternProblems(topic, place, problems);
    }
    const key = `${field} ${fullName(topic)}`;
    const first = seen.get(key);
    if (first !== undefined) {
      problems.add('CONFIG_CROSS_FIELD', place, {
        found: describe(topic),
        expected: `each topic once; ${describe(first)} is the same one`,
        hint: 'Remove one of them.',
      });
    }
    seen.set(key, topic);
    schemaProblems(schema, schemaPath, problems, notices);
    if (topic.startsWith('non-persistent://') && !isPattern) {
      const message = 'a non-persistent topic keeps nothing: what comes while the sink is down is lost';
      notices.push({ path: place, message });
    }
  }
  const sizes = sinkInputs(sink).map(({ receiverQueueSize }) => receiverQueueSize);
  if (new Set(sizes).size > 1) {
    const message = `inputs with several receiverQueueSize: each takes the smallest, ${Math.min(...sizes)}`;
    notices.push({ path: joinPath(path, 'inputSpecs'), message });
  }
}

function patternProblems(pattern: string, path: string, problems: ProblemList): void {
  try {
    new TopicsPattern(pattern);
  } catch (error) {
    problems.add('CONFIG_FORMAT', path, {
      found: `${describe(pattern)} (${messageOf(error)})`,
      expected: 'persistent://TENANT/NAMESPACE/ and a regular expression',
      hint: 'For example persistent://public/default/orders-.*; what only Java knows of regular expressions is not understood.',
    });
  }
}

function schemaProblems(name: unknown, path: string, problems: ProblemList, notices: ConfigNotice[]): void {
  if (typeof name !== 'string' || schemaTypeOf(name) !== undefined || OPEN.includes(name.toUpperCase())) {
    return;
  }
  if (INCOMPLETE.includes(name.toUpperCase())) {
    const message = `${name} needs a definition: messages that carry one are read by it, others are bytes`;
    notices.push({ path, message });
    return;
  }
  problems.add('CONFIG_ENUM', path, {
    found: describe(name),
    expected: `one of ${[...COMPLETE, ...INCOMPLETE].join(', ')}`,
    hint: didYouMean(name, COMPLETE, 'Leave it out: messages carry their schema.'),
  });
}
