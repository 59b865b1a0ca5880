/**
 * When an action is needed: `first-start` while there is no lease table or consumer yet, `steady` from then on, `sink` to
 * export, `offsets` by the commands that move positions, `explore` by `streams` and the page, `migration` to take the
 * offsets of another lease table over.
 */
export type Phase = 'first-start' | 'steady' | 'sink' | 'offsets' | 'explore' | 'migration';

export const PHASES: readonly Phase[] = ['first-start', 'steady', 'sink', 'offsets', 'explore', 'migration'];

/** One action that a configuration needs, and why. */
export interface Permission {
  /** For example `kinesis:GetRecords`. */
  readonly action: string;
  /** ARNs, or `*` where the action knows no resource. Source: Service Authorization Reference. */
  readonly resources: readonly string[];
  /** Of the statement, for example `{ StringEquals: { 'cloudwatch:namespace': 'orders' } }`. */
  readonly conditions?: { readonly [operator: string]: { readonly [key: string]: string } };
  readonly phases: readonly Phase[];
  /** Without it the connector works and says what it leaves out. */
  readonly optional: boolean;
  /** One sentence: what it is used for. */
  readonly reason: string;
  /**
   * Which identity needs it: the ARN of a role that the configuration assumes, words for other credentials that it
   * names (never a value of them), or undefined for the process's own.
   */
  readonly identity: string | undefined;
  /** Names of the connectors that need it. */
  readonly connectors: readonly string[];
}
