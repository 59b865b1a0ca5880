import { resolve } from 'node:path';
import { ConnectorError, messageOf } from '../errors';
import type { Source } from '../io';
import { KinesisSource } from '../source/kinesis-source';

/** Names under which configuration files ask for our source. */
const KINESIS_SOURCES = new Set([
  'kinesis',
  'builtin://kinesis',
  'org.apache.pulsar.io.kinesis.KinesisSource',
]);

type SourceClass = new () => Source<Uint8Array>;

function isSourceClass(value: unknown): value is SourceClass {
  return typeof value === 'function' && typeof value.prototype?.open === 'function';
}

/**
 * The source that `className` names: `kinesis`, the Java class, or the path of a CommonJS module (relative to
 * the working directory) that exports a class named `Source`, or exactly one class with an `open` method.
 * @throws ConnectorError CONNECTOR_UNKNOWN
 */
export function createSource(className: string): Source<Uint8Array> {
  if (KINESIS_SOURCES.has(className)) {
    return new KinesisSource();
  }
  const expected = 'kinesis, org.apache.pulsar.io.kinesis.KinesisSource, or the path of a module';
  if (!className.startsWith('.') && !className.startsWith('/')) {
    throw new ConnectorError('CONNECTOR_UNKNOWN', `there is no source named ${className}`, {
      expected,
      found: className,
    });
  }
  let exported: { readonly [name: string]: unknown };
  try {
    exported = require(resolve(className));
  } catch (error) {
    throw new ConnectorError(
      'CONNECTOR_UNKNOWN',
      `the module ${className} cannot be loaded: ${messageOf(error)}`,
      {
        expected,
        found: className,
        cause: error,
      },
    );
  }
  const candidates = isSourceClass(exported.Source)
    ? [exported.Source]
    : Object.values(exported).filter(isSourceClass);
  const [only] = candidates;
  if (only === undefined || candidates.length > 1) {
    throw new ConnectorError(
      'CONNECTOR_UNKNOWN',
      `the module ${className} exports ${candidates.length} sources`,
      {
        expected: 'one class with open, read and close',
        found: Object.keys(exported).join(', ') || 'no exports',
      },
    );
  }
  return new only();
}
