import { SINK_SPELLINGS } from './aws-spellings';
import { joinPath } from './path';
import { describe, type ProblemList } from './problems';
import type { ConnectorRules } from './rule-report';
import { sinkFieldProblems, sinkOptionProblems } from './sink-field-rules';
import { sinkProblems } from './sink-rules';
import { type JsonObject, textAt } from './tree';

export const SINK_RULES: ConnectorRules = {
  spellings: SINK_SPELLINGS,
  namedOption: 'cloudwatchNamespace',
  fields(sink, path, { problems, notices }) {
    sinkFieldProblems(sink, path, problems, notices);
  },
  options(sink, configs, path, { problems, notices }) {
    sinkProblems(configs, path, problems);
    sinkOptionProblems(sink, configs, path, problems);
    derivedNamespaceProblem(configs, path, problems);
    if (configs.skipCertificateValidation === true) {
      const message =
        'certificates are not checked: whoever is in between can read and change what is sent, keys included';
      notices.push({ path: joinPath(path, 'skipCertificateValidation'), message });
    }
  },
};

/** The name of a connector may hold characters that a namespace of CloudWatch may not. Source: its API. */
function derivedNamespaceProblem(configs: JsonObject, path: string, problems: ProblemList): void {
  const name = textAt(configs, 'cloudwatchNamespace');
  if (name !== undefined && !/^(?!AWS\/|:)[\w./#: -]{1,255}$/.test(name)) {
    problems.add('CONFIG_FORMAT', joinPath(path, 'cloudwatchNamespace'), {
      found: `${describe(name)}, made of tenant, namespace and name`,
      expected: '1 to 255 letters, digits, blanks or any of . - _ / # :, not starting with AWS/ or :',
      hint: 'Set cloudwatchNamespace.',
    });
  }
}
