import { parseArn } from './arn';

/** Who may become a role. Source: IAM User Guide, "Role trust policies". */
export interface TrustDocument {
  readonly Version: '2012-10-17';
  readonly Statement: readonly {
    readonly Effect: 'Allow';
    readonly Principal: { readonly [kind: string]: string };
    readonly Action: readonly string[];
    readonly Condition?: { readonly [operator: string]: { readonly [key: string]: string } };
  }[];
}

/** Where the process runs that is to have a role. */
export type Runner =
  | { readonly type: 'service'; readonly service: string; readonly account?: string }
  /** @property subject for example `system:serviceaccount:NAMESPACE:NAME`; `*` stands for any text */
  | { readonly type: 'web-identity'; readonly providerArn: string; readonly subject: string };

/** What services are called as principals, and what else they do. Sources: guides of ECS, EKS, EC2 and Lambda. */
const SERVICES: {
  readonly [name: string]: { readonly principal: string; readonly tags?: true; readonly source?: true };
} = {
  ec2: { principal: 'ec2.amazonaws.com' },
  ecs: { principal: 'ecs-tasks.amazonaws.com', source: true },
  eks: { principal: 'pods.eks.amazonaws.com', tags: true, source: true },
  lambda: { principal: 'lambda.amazonaws.com' },
};

export const SERVICE_NAMES: readonly string[] = Object.keys(SERVICES);

/** What the account of `principal` is called in whole. */
export function accountRoot(account: string, partition: string): string {
  return `arn:${partition}:iam::${account}:root`;
}

/** Who becomes a role. */
export interface Trusted {
  /** ARN of a role, a user or an account. */
  readonly principal: string;
  /** Which it then has to give, so that nobody else can make it do so. */
  readonly externalId: string | undefined;
}

/** Lets each of these become a role. */
export function roleTrust(trusted: readonly Trusted[]): TrustDocument {
  const statements = trusted.flatMap(
    ({ principal, externalId }) =>
      trust({ AWS: principal }, ['sts:AssumeRole'], externalIdCondition(externalId)).Statement,
  );
  const distinct = new Map(statements.map((statement) => [JSON.stringify(statement), statement]));
  return { Version: '2012-10-17', Statement: [...distinct.values()] };
}

/** Lets a process become the role that it has where it runs. */
export function runnerTrust(runner: Runner): TrustDocument {
  if (runner.type === 'service') {
    const { principal, tags, source } = SERVICES[runner.service] ?? { principal: runner.service };
    const condition =
      source && runner.account !== undefined
        ? { StringEquals: { 'aws:SourceAccount': runner.account } }
        : undefined;
    return trust({ Service: principal }, ['sts:AssumeRole', ...(tags ? ['sts:TagSession'] : [])], condition);
  }
  const { providerArn, subject } = runner;
  const issuer = issuerOf(providerArn) ?? '';
  const audience = { [`${issuer}:aud`]: 'sts.amazonaws.com' };
  const who = { [`${issuer}:sub`]: subject };
  return trust(
    { Federated: providerArn },
    ['sts:AssumeRoleWithWebIdentity'],
    subject.includes('*')
      ? { StringEquals: audience, StringLike: who }
      : { StringEquals: { ...audience, ...who } },
  );
}

/** Issuer of the tokens of a provider; undefined when the ARN is not one of a provider. */
export function issuerOf(providerArn: string): string | undefined {
  return /^oidc-provider\/(.+)$/.exec(parseArn(providerArn)?.resource ?? '')?.[1];
}

/** Whether a role lies in another account than who becomes it, as far as their ARNs say. */
export function crossesAccounts(roleArn: string, principal: string): boolean {
  return parseArn(principal)?.account !== parseArn(roleArn)?.account;
}

function trust(
  Principal: { readonly [kind: string]: string },
  Action: readonly string[],
  condition: TrustDocument['Statement'][number]['Condition'] | undefined,
): TrustDocument {
  return {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal, Action, ...(condition !== undefined && { Condition: condition }) },
    ],
  };
}

function externalIdCondition(externalId: string | undefined) {
  return externalId === undefined ? undefined : { StringEquals: { 'sts:ExternalId': externalId } };
}
