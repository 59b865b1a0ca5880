import type { ConnectorKind } from './connector-kind';
import { joinPath } from './path';
import { describe, type ProblemList } from './problems';
import { didYouMean } from './suggestion';
import { type JsonObject, textAt } from './tree';

/** Names of the Kinesis connector. */
const KINESIS = {
  source: ['kinesis', 'builtin://kinesis', 'org.apache.pulsar.io.kinesis.KinesisSource'],
  sink: ['kinesis', 'builtin://kinesis', 'org.apache.pulsar.io.kinesis.KinesisSink'],
} as const;

const OTHER = { source: 'sink', sink: 'source' } as const;

/** Whether `name` is the path of a user's own module. */
function isModulePath(name: string): boolean {
  return /^\.{0,2}\//.test(name);
}

/** `kinesis`, or the path of a user's module. `className` goes before `sourceType` and `sinkType`, as in Pulsar. */
export function connectorClass(connector: JsonObject): string {
  const name = textAt(connector, 'className');
  return name !== undefined && isModulePath(name) ? name : 'kinesis';
}

/** Reports names of connectors that are not here. */
export function classProblems(
  kind: ConnectorKind,
  connector: JsonObject,
  path: string,
  problems: ProblemList,
): void {
  const known: readonly string[] = KINESIS[kind];
  const type = `${kind}Type`;
  for (const field of ['className', type]) {
    const name = textAt(connector, field);
    if (name === undefined || known.includes(name) || (field === 'className' && isModulePath(name))) {
      continue;
    }
    const module = field === 'className' ? `, or the path of a module such as ./my-${kind}.js` : '';
    problems.add('CONFIG_ENUM', joinPath(path, field), {
      found: describe(name),
      expected: `one of ${known.join(', ')}${module}`,
      hint: (KINESIS[OTHER[kind]] as readonly string[]).includes(name)
        ? `That is a ${OTHER[kind]}: put it under ${OTHER[kind]}s.`
        : didYouMean(name, known, `Remove it to take the Kinesis ${kind}.`),
    });
  }
  if (connectorClass(connector) !== 'kinesis' && textAt(connector, type) !== undefined) {
    problems.add('CONFIG_CROSS_FIELD', joinPath(path, type), {
      found: describe(connector[type]),
      expected: `className or ${type}, not both`,
      hint: `Remove ${type}: className names a module.`,
    });
  }
}
