import { SOURCE_SPELLINGS } from './aws-spellings';
import { connectorClass } from './connector-class';
import { joinPath } from './path';
import { describe, type ProblemList } from './problems';
import type { ConnectorRules } from './rule-report';
import { sourceProblems } from './source-rules';
import { fullName } from './topic';
import { topicProblems } from './topic-template';
import { type JsonObject, textAt } from './tree';
import type { ConfigNotice } from './types';

export const SOURCE_RULES: ConnectorRules = {
  spellings: SOURCE_SPELLINGS,
  namedOption: 'applicationName',
  fields(source, path, { problems, notices }) {
    const kinesis = connectorClass(source) === 'kinesis';
    topicProblems(textAt(source, 'topicName'), joinPath(path, 'topicName'), kinesis, problems);
    if (textAt(source, 'topicName')?.startsWith('non-persistent://') === true) {
      const message = 'a non-persistent topic confirms what it does not keep: records can be lost';
      notices.push({ path: `${path}.topicName`, message });
    }
  },
  options(source, configs, path, { problems, notices, now }) {
    sourceProblems(configs, path, now, problems);
    deadLetterProblem(source, configs, path, problems);
    deadLetterNotice(configs, path, notices);
    derivedNameProblem(configs, path, problems);
    applicationNotice(configs, path, notices);
    fanOutNotice(configs, path, notices);
  },
};

/** The name of a connector may hold characters that a lease table may not. */
function derivedNameProblem(configs: JsonObject, path: string, problems: ProblemList): void {
  const name = textAt(configs, 'applicationName');
  if (
    name !== undefined &&
    textAt(configs, 'leaseTableName') === undefined &&
    !/^[\w.-]{3,255}$/.test(name)
  ) {
    problems.add('CONFIG_FORMAT', joinPath(path, 'applicationName'), {
      found: `${describe(name)}, made of tenant, namespace and name`,
      expected: '3 to 255 letters, digits, "_", "-" or "." (it names a DynamoDB table)',
      hint: 'Set applicationName.',
    });
  }
}

/** What a topic's consumers rely on, its schema first, does not hold for dead letters. */
function deadLetterProblem(
  source: JsonObject,
  configs: JsonObject,
  path: string,
  problems: ProblemList,
): void {
  const [topic, dead] = [textAt(source, 'topicName'), textAt(configs, 'deadLetterTopic')];
  if (topic !== undefined && dead !== undefined && fullName(topic) === fullName(dead)) {
    problems.add('CONFIG_CROSS_FIELD', joinPath(path, 'deadLetterTopic'), {
      found: `${describe(dead)}, which is topicName`,
      expected: 'another topic',
      hint: 'Name a topic of its own for dead letters.',
    });
  }
}

function deadLetterNotice(configs: JsonObject, path: string, notices: ConfigNotice[]): void {
  const onError = textAt(configs, 'onError');
  if (textAt(configs, 'deadLetterTopic') !== undefined && (onError === 'fail' || onError === 'skip')) {
    const message = `without effect: onError is ${onError}`;
    notices.push({ path: joinPath(path, 'deadLetterTopic'), message });
  }
}

function applicationNotice(configs: JsonObject, path: string, notices: ConfigNotice[]): void {
  if (textAt(configs, 'applicationName') === undefined) {
    const message =
      'not set: pulsar-kinesis, as in the Java connector; two connectors with that default share one lease table';
    notices.push({ path: joinPath(path, 'applicationName'), message });
  }
}

function fanOutNotice(configs: JsonObject, path: string, notices: ConfigNotice[]): void {
  if (configs.useEnhancedFanOut === undefined && configs.retrievalMode === undefined) {
    const message = 'not set: records are read by polling; the Java connector reads by enhanced fan-out then';
    notices.push({ path: `${path}.useEnhancedFanOut`, message });
  }
}
