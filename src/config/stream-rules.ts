import { awsValue, type Spelling } from './aws-spellings';
import { joinPath } from './path';
import { describe, type ProblemList } from './problems';
import { parseStreamName, STREAM_WORDS } from './stream-name';
import { type JsonObject, textAt } from './tree';

/** Reports what option `name`, which names a stream, holds instead, and the ARN of a stream in another region. */
export function streamProblems(
  configs: JsonObject,
  name: string,
  spellings: readonly Spelling[],
  path: string,
  problems: ProblemList,
): void {
  const text = textAt(configs, name);
  if (text === undefined) {
    return;
  }
  const parsed = parseStreamName(text);
  if (parsed === undefined) {
    problems.add('CONFIG_FORMAT', joinPath(path, name), {
      found: describe(text),
      expected: STREAM_WORDS,
      hint: 'Copy name or ARN from the stream.',
    });
    return;
  }
  const region = awsValue(configs, spellings, 'region');
  if (parsed.region !== undefined && region !== undefined && region !== parsed.region) {
    problems.add('CONFIG_CROSS_FIELD', joinPath(path, name), {
      found: `a stream in ${parsed.region}`,
      expected: `a stream in ${region}, the region configured`,
      hint: 'Leave the region out: the ARN gives it.',
    });
  }
}
