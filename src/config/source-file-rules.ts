import { SOURCE_SPELLINGS } from './aws-spellings';
import { joinPath } from './path';
import { describe, type ProblemList } from './problems';
import type { ConnectorRules } from './rule-report';
import { sourceProblems } from './source-rules';
import { type JsonObject, textAt } from './tree';
import type { ConfigNotice } from './types';

export const SOURCE_RULES: ConnectorRules = {
  spellings: SOURCE_SPELLINGS,
  namedOption: 'applicationName',
  fields(source, path, { notices }) {
    if (textAt(source, 'topicName')?.startsWith('non-persistent://') === true) {
      const message = 'a non-persistent topic confirms what it does not keep: records can be lost';
      notices.push({ path: `${path}.topicName`, message });
    }
  },
  options(_source, configs, path, { problems, notices, now }) {
    sourceProblems(configs, path, now, problems);
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

function applicationNotice(configs: JsonObject, path: string, notices: ConfigNotice[]): void {
  if (textAt(configs, 'applicationName') === undefined) {
    const message =
      'not set: pulsar-kinesis, as in the Java connector; two connectors with that default share one lease table';
    notices.push({ path: joinPath(path, 'applicationName'), message });
  }
}

function fanOutNotice(configs: JsonObject, path: string, notices: ConfigNotice[]): void {
  if (configs.useEnhancedFanOut === undefined && configs.retrievalMode === undefined) {
    const message = 'not set: records are read by polling until enhanced fan-out is available';
    notices.push({ path: `${path}.useEnhancedFanOut`, message });
  }
}
