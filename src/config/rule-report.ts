import type { Spelling } from './aws-spellings';
import type { ProblemList } from './problems';
import type { JsonObject } from './tree';
import type { ConfigNotice } from './types';

export interface RuleReport {
  readonly problems: ProblemList;
  readonly notices: ConfigNotice[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** What a file is judged by beyond the schemas, for one kind of connector. */
export interface ConnectorRules {
  readonly spellings: readonly Spelling[];
  /** Option of the Kinesis connector that is `<tenant>-<namespace>-<name>` in a list unless it is set. */
  readonly namedOption: string;
  /** The Pulsar fields of a connector of any class. */
  fields(connector: JsonObject, path: string, report: RuleReport): void;
  /** @param configs Options of a Kinesis connector, shared AWS settings laid under them. */
  options(connector: JsonObject, configs: JsonObject, path: string, report: RuleReport): void;
}
