import type { TableDescription } from '@aws-sdk/client-dynamodb';
import type { DynamoApi } from '../aws/dynamo-api';
import type { LeaseTableSettings } from '../config';
import { isFinished, type Lease } from '../lease/lease';
import { LeaseTable } from '../lease/lease-table';
import { decodeLease } from '../lease/serializer';
import { creationCommand, describeKeys, isLeaseTable, tableDifferences } from '../lease/table-definition';
import { scanPages } from '../lease/table-pages';
import { takeInterval } from '../lease/take-interval';
import { type Check, type Finding, failed, ok, skipped, warning } from './check';
import type { ExaminedStream } from './examined-stream';
import type { ExaminedTable } from './examined-table';
import type { SourceSubject } from './subject';
import { count, duration, some } from './words';

/** Beside `failoverTime` and two scans (G6). */
const TAKE_MS = 1000;
/** Milliseconds that workers are watched; somebody waits. */
const LONGEST_WATCH_MS = 5000;
/** Of a lease in `failoverTime`, by workers of ours and of the KCL. */
const RENEWALS = 3;
/** Rows up to which the promise is `failoverTime` + 3 s. */
const PROMISED_ROWS = 200;

/** State and rows of a lease table, and what follows from them. */
export function tableChecks(
  subject: SourceSubject,
  table: ExaminedTable,
  streams: readonly ExaminedStream[],
  needs: readonly string[],
): Check[] {
  const { group, config } = subject;
  const { leaseTable: settings, failoverTime } = config;
  return [
    {
      key: table.key('state'),
      id: 'table.state',
      group,
      title: `lease table ${table.name}`,
      needs,
      run: async (signal) => {
        table.description = await table.dynamo.describeTable(table.name, { signal });
        return table.description === undefined
          ? judgeAbsence(table.name, settings)
          : judgeTable(table.description, settings);
      },
    },
    {
      key: table.key('rows'),
      id: 'table.rows',
      group,
      title: 'its rows',
      needs: [table.key('state')],
      after: streams.map((stream) => stream.key('state')),
      run: (signal) => readRows(subject, table, streams, signal),
    },
    {
      key: table.key('failover'),
      id: 'table.failover',
      group,
      title: 'failover',
      needs: [table.key('rows')],
      after: streams.map((stream) => stream.key('shards')),
      run: async () => {
        const shards = streams.reduce((sum, stream) => sum + stream.shards.length, 0);
        return judgeFailover(Math.max(table.rows.length, shards), failoverTime);
      },
    },
  ];
}

function judgeAbsence(name: string, settings: LeaseTableSettings): Finding {
  if (settings.create) {
    return ok('there is none yet: the first start creates it');
  }
  return failed(
    'there is none, and leaseTableCreate is false',
    `Create it with \`${creationCommand(name, settings)}\`, or set leaseTableCreate to true.`,
    'LEASE_TABLE_NOT_FOUND',
  );
}

export function judgeTable(table: TableDescription, settings: LeaseTableSettings): Finding {
  const { TableStatus: status = 'without a state', ItemCount: items = 0 } = table;
  if (!isLeaseTable(table)) {
    return {
      ...failed(
        `its key is ${describeKeys(table)}`,
        'Use another leaseTableName: the table must have the single key leaseKey (String).',
        'LEASE_TABLE_WRONG_SHAPE',
      ),
      expected: 'one key, leaseKey (S)',
    };
  }
  if (status === 'DELETING') {
    return failed(
      'it is being deleted',
      'Wait until it is gone: the next start creates it anew. Or use another leaseTableName.',
      'LEASE_TABLE_DELETING',
    );
  }
  const billing = table.BillingModeSummary?.BillingMode === 'PAY_PER_REQUEST' ? 'on demand' : 'provisioned';
  const words = `${status}, ${billing}, about ${count(items, 'row')}`;
  if (status !== 'ACTIVE' && status !== 'UPDATING') {
    return warning(words, 'Nothing, unless it lasts: the source waits until it is ACTIVE.');
  }
  const differences = tableDifferences(table, {}, settings);
  return differences.length === 0
    ? ok(words)
    : ok(
        `${words}; it stays as it is, unlike ${differences
          .map(({ option, configured }) => `${option} ${configured}`)
          .join(', ')}`,
      );
}

async function readRows(
  { config }: SourceSubject,
  table: ExaminedTable,
  streams: readonly ExaminedStream[],
  signal: AbortSignal,
): Promise<Finding> {
  if (table.description === undefined) {
    return skipped('there is no table yet');
  }
  let others = 0;
  const { dynamo } = table;
  // Both are told by the same pages: a scan of a large table takes from what its workers read.
  const counting: DynamoApi = {
    ...dynamo,
    scan: async (input, options) => {
      const page = await dynamo.scan(input, options);
      others += page.items.filter((item) => decodeLease(item) === undefined).length;
      return page;
    },
  };
  const layout = config.streams.several ? 'SEVERAL_STREAMS' : 'ONE_STREAM';
  const leases = new LeaseTable(table.name, counting, layout);
  const arn = streams[0]?.description?.arn;
  if (layout === 'ONE_STREAM' && arn !== undefined) {
    leases.belongsTo(arn);
  }
  table.rows = await leases.scan(signal);
  return judgeRows(table.rows, others);
}

export function judgeRows(rows: readonly Lease[], others: number): Finding {
  if (rows.length === 0) {
    return ok('no lease yet: the first start adds them');
  }
  const finished = rows.filter(isFinished).length;
  const ours = rows.filter(({ ours }) => ours).length;
  const owned = rows.filter(({ owner }) => owner !== undefined).length;
  const words = [
    count(rows.length, 'lease'),
    finished === 0 ? '' : `${finished} read to the end`,
    owned === 0 ? 'none is held' : `${owned} held${ours === owned ? '' : `, ${owned - ours} by KCL workers`}`,
    others === 0 ? '' : `${count(others, 'row')} of a KCL 3.x beside them`,
  ];
  return ok(words.filter((word) => word !== '').join(', '));
}

/** When the shards of a dead worker are read again (G6). */
export function judgeFailover(rows: number, failoverTime: number): Finding {
  const longest = takeInterval(rows, failoverTime, { next: () => 0 });
  const time = failoverTime + TAKE_MS + 2 * longest;
  const words = `a dead worker's shards are read again within ${duration(time)}`;
  if (rows <= PROMISED_ROWS) {
    return ok(words);
  }
  return ok(`${words}: with ${rows} rows the table is scanned every ${duration(longest)} only`);
}

/** Who holds leases, and whether they still write. */
export function ownersCheck(
  { group, config, reach }: SourceSubject,
  table: ExaminedTable,
  watch: (signal: AbortSignal, ms: number) => Promise<void>,
): Check {
  const time = Math.min(config.failoverTime / 2, LONGEST_WATCH_MS);
  return {
    key: table.key('owners'),
    id: 'table.owners',
    group,
    title: 'workers',
    needs: [table.key('rows')],
    waits: time,
    run: async (signal) => {
      const held = table.rows.filter(({ owner }) => owner !== undefined);
      if (held.length === 0) {
        return ok('nobody holds a lease');
      }
      await watch(signal, time);
      const now = new Map<string, number>();
      await scanPages(reach.dynamo, { TableName: table.name }, signal, ({ items }) => {
        for (const lease of items.flatMap((item) => decodeLease(item) ?? [])) {
          now.set(lease.key, lease.counter);
        }
      });
      return judgeOwners(held, now, time, config.failoverTime);
    },
  };
}

/** @param now counters of the same rows, `time` milliseconds later */
export function judgeOwners(
  held: readonly Lease[],
  now: ReadonlyMap<string, number>,
  time: number,
  failoverTime: number,
): Finding {
  const every = failoverTime / RENEWALS;
  const alive = new Map<string, number>();
  const silent = new Set<string>();
  for (const { owner = '', key, counter } of held) {
    if (now.get(key) === counter) {
      silent.add(owner);
    } else {
      alive.set(owner, (alive.get(owner) ?? 0) + 1);
    }
  }
  const workers = Array.from(alive, ([owner, leases]) => `${owner} with ${count(leases, 'lease')}`);
  const quiet = [...silent].filter((owner) => !alive.has(owner));
  const words = [
    workers.length === 0 ? '' : `running: ${some(workers)}`,
    quiet.length === 0
      ? ''
      : `silent for ${duration(time)}${time < every ? ` (they write every ${duration(every)})` : ''}: ${some(quiet)}`,
  ];
  return ok(words.filter((word) => word !== '').join('; '));
}
