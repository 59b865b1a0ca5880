import { awsValue, type Spelling } from './aws-spellings';
import { joinPath } from './path';
import { describe, type ProblemList } from './problems';
import { parseSelector, parseStreamName, STREAM_WORDS } from './stream-name';
import { get, type JsonObject, textAt } from './tree';

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
      hint: text.includes(',')
        ? 'Several streams are written as a list.'
        : 'Copy name or ARN from the stream.',
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

/** Options that only mean something with one stream. */
const OF_ONE_STREAM = ['shardIds', 'consumerArn'];

/** Reports what is wrong with the list, or the pattern, of streams of a source. */
export function severalStreamsProblems(configs: JsonObject, path: string, problems: ProblemList): void {
  const at = joinPath(path, 'awsKinesisStreamName');
  const given = get(configs, 'awsKinesisStreamName');
  const seen = new Map<unknown, string>();
  for (const [i, text] of [given].flat().entries()) {
    const place = Array.isArray(given) ? joinPath(at, i) : at;
    const first = seen.get(text);
    seen.set(text, first ?? place);
    if (first !== undefined) {
      problems.add('CONFIG_CROSS_FIELD', place, {
        found: `${describe(text)}, which is ${first}`,
        expected: 'another stream',
        hint: 'Remove it: every stream is read once.',
      });
    } else if (typeof text === 'string') {
      selectorProblems(text, place, problems);
    }
  }
  for (const name of OF_ONE_STREAM) {
    if (configs[name] !== undefined && configs[name] !== '') {
      problems.add('CONFIG_CROSS_FIELD', joinPath(path, name), {
        found: `${name}, with several streams`,
        expected: 'one stream, not a list or a pattern',
        hint: `Remove ${name}, or give that stream a source of its own.`,
      });
    }
  }
}

function selectorProblems(text: string, place: string, problems: ProblemList): void {
  const selector = parseSelector(text);
  if (selector === undefined) {
    const arn = text.startsWith('arn:') && /[*?]/.test(text);
    problems.add('CONFIG_FORMAT', place, {
      found: describe(text),
      expected: arn ? 'an ARN without * and ?' : `${STREAM_WORDS}, or a pattern of names with * and ?`,
      hint: arn
        ? 'Patterns look among the streams of the own region and account: Kinesis lists no others. Name each stream, or give the region a source of its own.'
        : 'Copy name or ARN from the stream.',
    });
  }
}
