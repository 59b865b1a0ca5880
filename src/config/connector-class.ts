import { joinPath } from './path';
import { describe, type ProblemList } from './problems';
import { didYouMean } from './suggestion';
import { type JsonObject, textAt } from './tree';

const KINESIS = ['kinesis', 'builtin://kinesis', 'org.apache.pulsar.io.kinesis.KinesisSource'];

/** Whether `name` is the path of a user's own module. */
function isModulePath(name: string): boolean {
  return /^\.{0,2}\//.test(name);
}

/** `kinesis`, or the path of a user's module. `className` goes before `sourceType`, as in Pulsar. */
export function sourceClass(source: JsonObject): string {
  const name = textAt(source, 'className');
  return name !== undefined && isModulePath(name) ? name : 'kinesis';
}

/** Reports names of connectors that are not here. */
export function classProblems(source: JsonObject, path: string, problems: ProblemList): void {
  for (const field of ['className', 'sourceType']) {
    const name = textAt(source, field);
    if (name === undefined || KINESIS.includes(name) || (field === 'className' && isModulePath(name))) {
      continue;
    }
    problems.add('CONFIG_ENUM', joinPath(path, field), {
      found: describe(name),
      expected: `one of ${KINESIS.join(', ')}${field === 'className' ? ', or the path of a module such as ./my-source.js' : ''}`,
      hint: name.endsWith('KinesisSink')
        ? 'That is a sink: sinks come with a later version.'
        : didYouMean(name, KINESIS, 'Remove it to take the Kinesis source.'),
    });
  }
  if (sourceClass(source) !== 'kinesis' && textAt(source, 'sourceType') !== undefined) {
    problems.add('CONFIG_CROSS_FIELD', joinPath(path, 'sourceType'), {
      found: describe(source.sourceType),
      expected: 'className or sourceType, not both',
      hint: 'Remove sourceType: className names a module.',
    });
  }
}
