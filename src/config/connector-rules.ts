import type { ConnectorKind } from './connector-kind';
import type { ConnectorRules } from './rule-report';
import { SINK_RULES } from './sink-file-rules';
import { SOURCE_RULES } from './source-file-rules';

export const RULES: { readonly [kind in ConnectorKind]: ConnectorRules } = {
  source: SOURCE_RULES,
  sink: SINK_RULES,
};
