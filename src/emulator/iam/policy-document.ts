/** One or several of what a policy names. */
export type OneOrMore = string | readonly string[];

/** A policy as JSON has it. Source: IAM User Guide, "Grammar of the IAM JSON policy language". */
export interface PolicyDocument {
  readonly Version?: string;
  readonly Id?: string;
  readonly Statement: PolicyStatement | readonly PolicyStatement[];
}

export interface PolicyStatement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  /** Of trust and resource policies: whom it is about. */
  readonly Principal?: '*' | { readonly [kind: string]: OneOrMore };
  readonly Action?: OneOrMore;
  readonly NotAction?: OneOrMore;
  readonly Resource?: OneOrMore;
  readonly NotResource?: OneOrMore;
  /** By operator, by key: values of which one has to fit. */
  readonly Condition?: { readonly [operator: string]: { readonly [key: string]: OneOrMore } };
}

export const listOf = (values: OneOrMore): readonly string[] =>
  typeof values === 'string' ? [values] : values;
