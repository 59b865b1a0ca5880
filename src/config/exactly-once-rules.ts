import { describe, type ProblemList } from './problems';
import { batchBuilder } from './pulsar-settings';
import { get, isObject, type JsonObject, textAt } from './tree';
import type { ConfigNotice } from './types';

/** What can deliver EFFECTIVELY_ONCE. */
const SEQUENCING = /^(pulsar|pulsar\+ssl|https?|memory):/;

/** What EFFECTIVELY_ONCE cannot be had with, over every source of a file. */
export function exactlyOnceProblems(root: JsonObject, problems: ProblemList, notices: ConfigNotice[]): void {
  for (const [i, source] of (Array.isArray(root.sources) ? root.sources : []).entries()) {
    const path = `sources[${i}]`;
    const enables = get(source, 'configs', 'enableDeduplication') === true;
    if (isObject(source) && textAt(source, 'processingGuarantees') === 'EFFECTIVELY_ONCE') {
      sourceProblems(source, root.pulsar, path, enables, problems);
    } else if (enables) {
      const message = 'without effect: processingGuarantees is not EFFECTIVELY_ONCE';
      notices.push({ path: `${path}.configs.enableDeduplication`, message });
    }
  }
}

function sourceProblems(
  source: JsonObject,
  pulsar: unknown,
  path: string,
  enables: boolean,
  problems: ProblemList,
): void {
  const url = textAt(pulsar, 'serviceUrl') ?? '';
  if (url !== '' && !SEQUENCING.test(url)) {
    problems.add('CONFIG_CROSS_FIELD', `${path}.processingGuarantees`, {
      found: `EFFECTIVELY_ONCE, with ${describe(url)}`,
      expected: 'pulsar:// or pulsar+ssl:// as serviceUrl, or transport: pulsar-client',
      hint: 'Nothing else gives messages numbers of their own: choose one of the two, or ATLEAST_ONCE.',
    });
  }
  const topic = textAt(source, 'topicName');
  if (topic?.startsWith('non-persistent://') === true) {
    problems.add('CONFIG_CROSS_FIELD', `${path}.topicName`, {
      found: `${describe(topic)}, with EFFECTIVELY_ONCE`,
      expected: 'a persistent topic',
      hint: 'A topic that keeps nothing cannot tell copies: name a persistent one, or use ATLEAST_ONCE.',
    });
  }
  if (batchBuilder(source) === 'KEY_BASED') {
    problems.add('CONFIG_CROSS_FIELD', `${path}.batchBuilder`, {
      found: 'KEY_BASED, with EFFECTIVELY_ONCE',
      expected: 'DEFAULT',
      hint: 'Batches by key are sent in another order than their numbers: remove batchBuilder, or use ATLEAST_ONCE.',
    });
  }
  if (enables && textAt(pulsar, 'adminUrl') === undefined && !url.startsWith('memory:')) {
    problems.add('CONFIG_CROSS_FIELD', `${path}.configs.enableDeduplication`, {
      found: 'true, without pulsar.adminUrl',
      expected: 'pulsar.adminUrl beside it',
      hint: 'A policy is set by the REST API: give its address, or switch deduplication on yourself.',
    });
  }
}
