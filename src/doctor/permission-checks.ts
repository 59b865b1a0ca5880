import type { LoadedConfig } from '../config';
import { isConnectorError } from '../errors';
import { parseArn } from '../iam/arn';
import type { Permission } from '../iam/permission';
import { permissionsOf } from '../iam/permissions';
import { matchesPattern } from '../stream/name-pattern';
import { throwIfAborted } from '../util/abort';
import { type Check, type Finding, findingOf, ok, skipped } from './check';
import type { ExaminedStream } from './examined-stream';
import type { ExaminedTable } from './examined-table';
import { NOT_TRIED, showsPermission, TRIES, type TryTarget } from './permission-tries';
import type { Subject } from './subject';
import { some } from './words';

/** Streams of one action that are tried. */
const MOST_RESOURCES = 5;

const ON_SHARDS = new Set(['kinesis:GetShardIterator', 'kinesis:GetRecords', 'kinesis:SubscribeToShard']);

/** What permissions of one connector are tried on. */
export interface PermissionScene {
  readonly subject: Subject;
  readonly streams: readonly ExaminedStream[];
  readonly table: ExaminedTable | undefined;
  readonly needs: readonly string[];
}

/** What the connector of `scene` may have to do while it runs, one line an action and kind of resource. */
export function permissionChecks(config: LoadedConfig, scene: PermissionScene): Check[] {
  const { subject, streams, table, needs } = scene;
  const { name } = subject.definition;
  const needed = permissionsOf(config).filter(
    ({ connectors, phases }) =>
      connectors.includes(name) &&
      phases.some((phase) => phase === 'first-start' || phase === 'steady' || phase === 'sink'),
  );
  return needed.map((permission, index): Check => {
    const { action, resources, optional } = permission;
    const what = isSideTable(resources) ? `${action} on ${nameOf(resources[0] ?? '')}` : action;
    return {
      key: `${subject.group} ${index} ${action}`,
      id: 'permission',
      group: subject.group,
      title: what,
      ...(optional ? { overdue: 'warning' as const } : {}),
      needs,
      after: [...streams.map((stream) => stream.key('shards')), ...(table ? [table.key('state')] : [])],
      run: (signal) => tryPermission(permission, scene, signal),
    };
  });
}

async function tryPermission(
  permission: Permission,
  { subject, streams, table }: PermissionScene,
  signal: AbortSignal,
): Promise<Finding> {
  const { action, resources, phases, optional, reason } = permission;
  const isThere = table?.description !== undefined;
  if (action.startsWith('dynamodb:') && isThere && !phases.includes('steady')) {
    return skipped('not needed any more: the table is there');
  }
  const attempt = TRIES[action];
  if (attempt === undefined) {
    return skipped(`not tried: ${NOT_TRIED[action] ?? 'there is no harmless way'}`);
  }
  const scene = { subject, streams, table, signal };
  const targets = new Map(
    resources.flatMap((arn) =>
      targetsOf(arn, action, scene).map((found) => [found.label, found.target] as const),
    ),
  );
  if (targets.size === 0) {
    return skipped('not tried: what it is for is not there, or cannot be seen');
  }
  const made: string[] = [];
  for (const [label, target] of [...targets].slice(0, MOST_RESOURCES)) {
    try {
      await attempt(target);
      made.push(label);
    } catch (error) {
      throwIfAborted(signal);
      const name = isConnectorError(error) && error.cause instanceof Error ? error.cause.name : '';
      if (showsPermission(name)) {
        made.push(label);
      } else if (isConnectorError(error, 'AWS_ACCESS_DENIED')) {
        const finding = findingOf(error, optional ? 'warning' : 'failed');
        return { ...finding, expected: `${action}: ${reason}` };
      } else if (
        isConnectorError(error, 'AWS_THROTTLED', 'AWS_REQUEST_REFUSED', 'KINESIS_POSITION_REFUSED')
      ) {
        return skipped(`cannot be told: the service answers ${name}`);
      } else {
        return findingOf(error, optional ? 'warning' : 'failed');
      }
    }
  }
  return ok(`allowed on ${some(made)}`);
}

interface Labelled {
  readonly label: string;
  readonly target: TryTarget;
}

/** What `arn` means here: streams that were found, their consumers, a table, or anything. */
function targetsOf(
  arn: string,
  action: string,
  { subject, streams, table, signal }: Omit<PermissionScene, 'needs'> & { readonly signal: AbortSignal },
): Labelled[] {
  const { config, reach } = subject;
  const resource = parseArn(arn)?.resource ?? /[^:]+$/.exec(arn)?.[0] ?? '';
  const name = nameOf(arn);
  const base = {
    reach,
    signal,
    tableName: resource.startsWith('table/') ? name : '',
    tableArn: table?.description?.TableArn ?? '',
    namespace: config.cloudwatch.namespace,
    consumer: { consumerArn: '' },
    consumerArn: '',
    shardId: '',
    stream: { name: '' },
  };
  if (action.startsWith('dynamodb:')) {
    return action === 'dynamodb:ListTagsOfResource' && base.tableArn === ''
      ? []
      : [{ label: name, target: base }];
  }
  if (arn === '*') {
    return [{ label: action.startsWith('cloudwatch:') ? base.namespace : 'all', target: base }];
  }
  return streams
    .filter((stream) => matches(resource, stream))
    .flatMap((stream) => {
      const { description, consumerArn = '' } = stream;
      const shardId = stream.shards[0]?.shardId ?? '';
      const isMissing =
        (ON_SHARDS.has(action) && shardId === '') ||
        (action === 'kinesis:SubscribeToShard' && consumerArn === '') ||
        (action === 'kinesis:DescribeStreamConsumer' && description === undefined);
      if (isMissing) {
        return [];
      }
      const streamArn = description?.arn ?? '';
      const [, consumerName] = /\/consumer\/([^:]+)/.exec(resource) ?? [];
      const consumer = consumerName === undefined ? base.consumer : { streamArn, consumerName };
      const found = { ...stream.ref, ...stream.place, ...(description && { arn: streamArn }) };
      return [{ label: stream.label, target: { ...base, stream: found, shardId, consumer, consumerArn } }];
    });
}

const isSideTable = (resources: readonly string[]): boolean =>
  /table\/.*-(CoordinatorState|WorkerMetricStats)$/.test(resources[0] ?? '');

/** Behind `table/`, or the whole. */
const nameOf = (arn: string): string =>
  arn.slice(arn.lastIndexOf('table/') + (arn.includes('table/') ? 6 : 1));

/** Whether a stream is one of those that `stream/NAME`, which may be a pattern, means. */
function matches(resource: string, { ref }: ExaminedStream): boolean {
  const [, pattern = ''] = /^stream\/([^/]+)/.exec(resource) ?? [];
  return matchesPattern(pattern, ref.name);
}
