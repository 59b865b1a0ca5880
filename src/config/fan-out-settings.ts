import { joinPath } from './path';
import { describe, type ProblemList } from './problems';
import { meansSeveralStreams, parseStreamName } from './stream-name';
import { type JsonObject, textAt } from './tree';
import type { RetrievalMode, RetrievalSettings } from './types';

/** Options that name the registered consumer: no two of them may stand together, unless they say the same. */
const NAMES = ['efoConsumerName', 'consumerName', 'consumerArn'] as const;

/** Source: Kinesis API, ConsumerName. */
const CONSUMER_NAME = /^[a-zA-Z0-9_.-]{1,128}$/;

const CONSUMER_OF_STREAM = /^(.*)\/consumer\/[^/]*$/;

/** How records are read: `retrievalMode`, else what Java's switch says, else by polling. */
export function retrievalMode({ retrievalMode: mode, useEnhancedFanOut }: JsonObject): RetrievalMode {
  if (mode === 'auto' || mode === 'fan-out' || mode === 'polling') {
    return mode;
  }
  return useEnhancedFanOut === true ? 'fan-out' : 'polling';
}

/** @param complete valid, with every default */
export function retrievalSettings(complete: JsonObject): RetrievalSettings {
  const arn = textAt(complete, 'consumerArn');
  return {
    mode: retrievalMode(complete),
    consumer: arn === undefined ? { name: consumerName(complete) ?? '' } : { arn },
    lifecycle: complete.efoLifecycle === 'managed' ? 'managed' : 'external',
    registrationAttempts: Number(complete.efoRegistrationAttempts),
    activeTimeout: Number(complete.efoActiveTimeout),
    eventTimeout: Number(complete.efoEventTimeout),
  };
}

/** Reports what is wrong between the options of retrieval; copes with values of the wrong type. */
export function retrievalProblems(configs: JsonObject, path: string, problems: ProblemList): void {
  modeProblems(configs, path, problems);
  const [first, second] = NAMES.filter((name) => textAt(configs, name) !== undefined);
  const isSame =
    second === 'consumerName' && textAt(configs, 'efoConsumerName') === textAt(configs, 'consumerName');
  if (first !== undefined && second !== undefined && !isSame) {
    problems.add('CONFIG_CROSS_FIELD', joinPath(path, second), {
      found: describe(configs[second]),
      expected: `either ${second} or ${first}`,
      hint: 'Keep one of the two.',
    });
  }
  arnProblems(configs, path, problems);
  if (first === undefined && retrievalMode(configs) !== 'polling') {
    derivedNameProblem(configs, path, problems);
  }
}

function modeProblems(configs: JsonObject, path: string, problems: ProblemList): void {
  const { useEnhancedFanOut, retrievalMode: mode } = configs;
  if (typeof useEnhancedFanOut === 'boolean' && typeof mode === 'string') {
    const meant = useEnhancedFanOut ? 'fan-out' : 'polling';
    if (mode !== meant && ['auto', 'fan-out', 'polling'].includes(mode)) {
      problems.add('CONFIG_CROSS_FIELD', joinPath(path, 'retrievalMode'), {
        found: describe(mode),
        expected: `${meant}, which useEnhancedFanOut ${useEnhancedFanOut} means`,
        hint: 'Keep one of the two.',
      });
    }
  }
}

function arnProblems(configs: JsonObject, path: string, problems: ProblemList): void {
  const arn = textAt(configs, 'consumerArn');
  if (arn === undefined) {
    return;
  }
  if (configs.efoLifecycle === 'managed') {
    problems.add('CONFIG_CROSS_FIELD', joinPath(path, 'efoLifecycle'), {
      found: '"managed", with consumerArn',
      expected: 'external: a consumer that others have registered is theirs to deregister',
      hint: 'Remove efoLifecycle, or give efoConsumerName in place of consumerArn.',
    });
  }
  const [, streamArn = ''] = CONSUMER_OF_STREAM.exec(arn) ?? [];
  const of = parseStreamName(streamArn);
  const { awsKinesisStreamName: given } = configs;
  const stream = typeof given === 'string' ? parseStreamName(given) : undefined;
  const isOther =
    stream !== undefined && (of?.name !== stream.name || (stream.arn !== undefined && stream.arn !== of.arn));
  if (of !== undefined && (isOther || meansSeveralStreams(given))) {
    problems.add('CONFIG_CROSS_FIELD', joinPath(path, 'consumerArn'), {
      found: `a consumer of ${of.arn}`,
      expected: `a consumer of ${describe(given)}, and of nothing else`,
      hint: 'Correct one of the two, or give efoConsumerName: then each stream gets a consumer of that name.',
    });
  }
}

/** A lease table may have a longer name than a consumer. */
function derivedNameProblem(configs: JsonObject, path: string, problems: ProblemList): void {
  const name = textAt(configs, 'applicationName');
  if (name !== undefined && /^[\w.-]{3,255}$/.test(name) && !CONSUMER_NAME.test(name)) {
    problems.add('CONFIG_CROSS_FIELD', joinPath(path, 'efoConsumerName'), {
      found: 'nothing, and applicationName is too long to name the consumer',
      expected: '1 to 128 letters, digits, "_", "-" or "."',
      hint: 'Set efoConsumerName.',
    });
  }
}

function consumerName(complete: JsonObject): string | undefined {
  return ['efoConsumerName', 'consumerName', 'applicationName']
    .map((name) => textAt(complete, name))
    .find((name) => name !== undefined);
}
