import type { Permission } from './permission';

/** An identity-based policy. Source: IAM User Guide, "IAM JSON policy elements reference". */
export interface PolicyDocument {
  readonly Version: '2012-10-17';
  readonly Statement: readonly PolicyStatement[];
}

export interface PolicyStatement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: { readonly [operator: string]: { readonly [key: string]: string } };
}

/** Characters of a managed policy, white space not counted. Source: IAM User Guide, "IAM and AWS STS quotas". */
export const MAX_POLICY_SIZE = 6144;

/** Managed policies of a role, unless its quota is raised. Source: the same. */
export const MAX_POLICIES = 10;

/** As AWS counts. */
export function policySize(document: PolicyDocument): number {
  return JSON.stringify(document).replace(/\s/g, '').length;
}

/**
 * Documents that allow exactly `permissions`: one, or as many as `maxSize` makes necessary. Resources with the same
 * actions share a statement. The same permissions give the same documents, in whatever order they come.
 * @param maxSize characters of one document; a statement of a single resource is never divided
 */
export function policyDocuments(
  permissions: readonly Permission[],
  maxSize = MAX_POLICY_SIZE,
): PolicyDocument[] {
  const fits = (statements: readonly PolicyStatement[]): boolean =>
    policySize(documentOf(statements)) <= maxSize;
  const parts: PolicyStatement[][] = [];
  for (const statement of statementsOf(permissions).flatMap((whole) => divided(whole, fits))) {
    const last = parts.at(-1);
    if (last !== undefined && fits([...last, statement])) {
      last.push(statement);
    } else {
      parts.push([statement]);
    }
  }
  return parts.map(documentOf);
}

/** A statement in as many parts, by its resources, as it takes for each to fit. */
function divided(
  statement: PolicyStatement,
  fits: (statements: readonly PolicyStatement[]) => boolean,
): PolicyStatement[] {
  const { Resource } = statement;
  if (Resource.length < 2 || fits([statement])) {
    return [statement];
  }
  const half = Math.ceil(Resource.length / 2);
  return [Resource.slice(0, half), Resource.slice(half)].flatMap((some) =>
    divided({ ...statement, Resource: some }, fits),
  );
}

/** Sids are those of a single document: alike ones are numbered. */
function documentOf(statements: readonly PolicyStatement[]): PolicyDocument {
  const counts = new Map<string, number>();
  return {
    Version: '2012-10-17',
    Statement: statements.map((statement) => {
      const count = (counts.get(statement.Sid) ?? 0) + 1;
      counts.set(statement.Sid, count);
      return count === 1 ? statement : { ...statement, Sid: `${statement.Sid}${count}` };
    }),
  };
}

interface Granted {
  readonly conditions: Permission['conditions'];
  readonly actions: Set<string>;
}

function statementsOf(permissions: readonly Permission[]): PolicyStatement[] {
  const byResource = new Map<string, Granted>();
  const resourceOf = new Map<string, string>();
  for (const { action, resources, conditions } of permissions) {
    for (const resource of resources) {
      // Actions that know no resource have nothing in common but that.
      const key = JSON.stringify([resource, conditions, resource === '*' && action]);
      const granted = byResource.get(key) ?? { conditions, actions: new Set() };
      byResource.set(key, granted);
      resourceOf.set(key, resource);
      granted.actions.add(action);
    }
  }
  const statements = new Map<string, Omit<PolicyStatement, 'Sid'> & { readonly Resource: string[] }>();
  for (const [key, { conditions, actions }] of byResource) {
    const Action = [...actions].sort();
    const group = JSON.stringify([Action, conditions]);
    const statement = statements.get(group) ?? {
      Effect: 'Allow',
      Action,
      Resource: [],
      ...(conditions !== undefined && { Condition: conditions }),
    };
    statements.set(group, statement);
    statement.Resource.push(resourceOf.get(key) ?? '*');
  }
  return Array.from(statements.values(), ({ Effect, Action, Resource, Condition }) => ({
    Sid: sidOf(Action),
    Effect,
    Action,
    Resource: Resource.sort(),
    ...(Condition !== undefined && { Condition }),
  })).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/** What a statement is for, by the first of these actions that is among its own. */
const SIDS: readonly (readonly [action: string, sid: string])[] = [
  ['kinesis:SubscribeToShard', 'ReadByFanOut'],
  ['kinesis:GetRecords', 'ReadStreams'],
  ['kinesis:PutRecords', 'WriteStreams'],
  ['kinesis:DescribeStreamSummary', 'DescribeStreams'],
  ['kinesis:DescribeStreamConsumer', 'FindConsumers'],
  ['kinesis:ListStreams', 'ListStreams'],
  ['kms:Decrypt', 'DecryptRecords'],
  ['kms:GenerateDataKey', 'EncryptRecords'],
  ['dynamodb:UpdateItem', 'KeepLeases'],
  ['dynamodb:Scan', 'ReadTables'],
  ['dynamodb:GetItem', 'ReadRows'],
  ['cloudwatch:PutMetricData', 'PublishMetrics'],
  ['secretsmanager:GetSecretValue', 'ReadSecrets'],
  ['sts:AssumeRole', 'AssumeRoles'],
];

function sidOf(actions: readonly string[]): string {
  if (actions.includes('kinesis:PutRecords') && actions.includes('kinesis:GetRecords')) {
    return 'ReadAndWriteStreams';
  }
  return SIDS.find(([action]) => actions.includes(action))?.[1] ?? 'More';
}
