import { awsFileProblems } from './aws-network';
import { credentialProblems } from './credentials';
import { describe, type ProblemList } from './problems';
import { pulsarProblems } from './pulsar-settings';
import { get, type JsonObject, textAt } from './tree';
import type { ConfigNotice } from './types';

/** Reports what is wrong within what the connectors of a file share, and that there are none. */
export function sharedProblems(
  root: JsonObject,
  folder: string,
  problems: ProblemList,
  notices: ConfigNotice[],
): void {
  pulsarProblems(root.pulsar, folder, problems, notices);
  restartProblems(root.restart, problems);
  credentialProblems(root.aws, 'aws', problems);
  awsFileProblems(root.aws, 'aws', folder, problems);
  const isEmpty = (list: unknown): boolean =>
    list === undefined || (Array.isArray(list) && list.length === 0);
  const url = textAt(root.pulsar, 'serviceUrl');
  if (url?.startsWith('stdout:') && !isEmpty(root.sinks)) {
    problems.add('CONFIG_CROSS_FIELD', 'pulsar.serviceUrl', {
      found: describe(url),
      expected: 'pulsar://HOST:PORT or memory://NAME, because there are sinks',
      hint: 'Nothing can be read from standard output: name a broker.',
    });
  }
  if (url?.startsWith('memory:')) {
    const message =
      'topics live in this process: what is in them when it ends is lost, and so is what comes before a sink subscribes';
    notices.push({ path: 'pulsar.serviceUrl', message });
  }
  if (isEmpty(root.sources) && isEmpty(root.sinks)) {
    problems.add('CONFIG_MISSING', 'sources', {
      found: 'nothing',
      expected: 'at least one source or sink',
      hint: 'Add a source with name, topicName and configs, or a sink with name, inputs and configs.',
    });
  }
}

function restartProblems(restart: unknown, problems: ProblemList): void {
  const [first, longest] = ['initialDelayMs', 'maxDelayMs'].map((name) => get(restart, name));
  if (typeof first === 'number' && typeof longest === 'number' && longest < first) {
    problems.add('CONFIG_CROSS_FIELD', 'restart.maxDelayMs', {
      found: describe(longest),
      expected: `at least initialDelayMs, ${first}`,
      hint: 'Raise maxDelayMs or lower initialDelayMs.',
    });
  }
}
