import { resolve } from 'node:path';
import type { ConnectorKind } from '../config';
import { ConnectorError, messageOf } from '../errors';
import type { Sink, Source } from '../io';
import type { SinkValue } from '../sink/entry';
import { KinesisSink } from '../sink/kinesis-sink';
import { KinesisSource } from '../source/kinesis-source';

/** One kind of connector, and what a class of it looks like. */
interface Contract<Connector> {
  readonly noun: ConnectorKind;
  /** What a module calls its class, if it has several. */
  readonly exportName: 'Source' | 'Sink';
  readonly javaClass: string;
  readonly kinesis: new () => Connector;
  readonly methods: readonly string[];
}

const SOURCE: Contract<Source<Uint8Array>> = {
  noun: 'source',
  exportName: 'Source',
  javaClass: 'org.apache.pulsar.io.kinesis.KinesisSource',
  kinesis: KinesisSource,
  methods: ['open', 'read', 'close'],
};

const SINK: Contract<Sink<SinkValue>> = {
  noun: 'sink',
  exportName: 'Sink',
  javaClass: 'org.apache.pulsar.io.kinesis.KinesisSink',
  kinesis: KinesisSink,
  methods: ['open', 'write', 'close'],
};

/**
 * The source that `className` names: `kinesis`, the Java class, or the path of a CommonJS module (relative to
 * the working directory) that exports a class named `Source`, or exactly one class with open, read and close.
 * @throws ConnectorError CONNECTOR_UNKNOWN
 */
export function createSource(className: string): Source<Uint8Array> {
  return create(className, SOURCE);
}

/** The sink that `className` names, in the same ways: `Sink`, or exactly one class with open, write and close. */
export function createSink(className: string): Sink<SinkValue> {
  return create(className, SINK);
}

function create<Connector>(className: string, contract: Contract<Connector>): Connector {
  const { noun, exportName, javaClass, kinesis, methods } = contract;
  if (['kinesis', 'builtin://kinesis', javaClass].includes(className)) {
    return new kinesis();
  }
  if (!className.startsWith('.') && !className.startsWith('/')) {
    throw new ConnectorError('CONNECTOR_UNKNOWN', `there is no ${noun} named ${className}`, {
      expected: `kinesis, ${javaClass}, or the path of a module`,
      found: className,
    });
  }
  const exported = load(className);
  const isConnectorClass = (value: unknown): value is new () => Connector =>
    typeof value === 'function' && methods.every((name) => typeof value.prototype?.[name] === 'function');
  const named = exported[exportName];
  const candidates = isConnectorClass(named) ? [named] : Object.values(exported).filter(isConnectorClass);
  const [only] = candidates;
  if (only === undefined || candidates.length > 1) {
    throw new ConnectorError(
      'CONNECTOR_UNKNOWN',
      `the module ${className} exports ${candidates.length} ${noun}s`,
      {
        expected: `a class named ${exportName}, or one class with ${methods.join(', ')}`,
        found: Object.keys(exported).join(', ') || 'no exports',
      },
    );
  }
  return new only();
}

/** What the CommonJS module at `path` exports. @throws ConnectorError CONNECTOR_UNKNOWN */
function load(path: string): { readonly [name: string]: unknown } {
  try {
    return require(resolve(path));
  } catch (error) {
    throw new ConnectorError(
      'CONNECTOR_UNKNOWN',
      `the module ${path} cannot be loaded: ${messageOf(error)}`,
      { expected: 'the path of a CommonJS module', found: path, cause: error },
    );
  }
}
