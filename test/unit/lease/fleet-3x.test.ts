import type { DynamoApi, Item } from '../../../src/aws/dynamo-api';
import { ConnectorError, type ErrorCode, explain } from '../../../src/errors';
import { Fleet3x, type Fleet3xOptions } from '../../../src/lease/fleet-3x';
import { signOfLife } from '../../../src/lease/fleet-state';
import { createTableInput } from '../../../src/lease/table-definition';
import { seededRandom } from '../../../src/util/random';
import { inOneTable, KCL_TABLES, type KclTables, kclTables, restore } from '../../support/kcl-tables';
import { DEFAULT_TABLE } from '../../support/lease-defaults';
import { LeaseLab, TABLE } from '../../support/lease-lab';
import { LogLines } from '../../support/log-lines';
import { ManualClock } from '../../support/manual-clock';
import { modelDynamo } from '../../support/model-dynamo';

const LIVE = { code: 'LEASE_TABLE_LIVE_3X_FLEET', treatment: 'fatal' };
const HEARTBEAT = 30_000;

type Key = 'key' | 'wid' | 'leaseKey';

const reportOf = ({ application, tables }: KclTables): number =>
  Number(tables.get(`${application}-WorkerMetricStats`)?.Items[0]?.lut?.N);

/** One application of a KCL beside a source that is about to start. */
class Lab {
  readonly clock: ManualClock;
  readonly dynamo: ReturnType<typeof modelDynamo>;
  readonly log = new LogLines();
  readonly stop = new AbortController();
  reads = 0;

  /** @param now milliseconds since the epoch */
  constructor(now: number) {
    this.clock = new ManualClock(now);
    this.dynamo = modelDynamo(this.clock);
  }

  fleet(application: string, api: Partial<DynamoApi> = {}, options: Partial<Fleet3xOptions> = {}): Fleet3x {
    const counted: DynamoApi = {
      ...this.dynamo,
      getItem: (...args) => {
        this.reads++;
        return (api.getItem ?? this.dynamo.getItem)(...args);
      },
      scan: (...args) => {
        this.reads++;
        return (api.scan ?? this.dynamo.scan)(...args);
      },
    };
    return new Fleet3x({
      dynamo: counted,
      applicationName: application,
      leaseTable: application,
      retry: { clock: this.clock, random: seededRandom(7), bounds: { initialMs: 100, maxMs: 1000 } },
      logger: this.log,
      ...options,
    });
  }

  set(TableName: string, key: Key, name: string, attributes: Item): void {
    const names = Object.keys(attributes);
    this.dynamo.model.invoke('UpdateItem', {
      TableName,
      Key: { [key]: { S: name } },
      UpdateExpression: `SET ${names.map((attribute) => `${attribute} = :${attribute}`).join(', ')}`,
      ExpressionAttributeValues: Object.fromEntries(names.map((it) => [`:${it}`, attributes[it]])),
    });
  }

  remove(table: string, key: Key, name: string): void {
    this.dynamo.model.invoke('DeleteItem', { TableName: table, Key: { [key]: { S: name } } });
  }

  /** What a watch that goes on for `ms` milliseconds ends with; undefined when it would go on. */
  async watched(fleet: Fleet3x, ms: number): Promise<unknown> {
    let end: unknown;
    const watch = fleet.watch(this.stop.signal).catch((error) => {
      end = error;
    });
    await this.clock.advance(ms);
    this.stop.abort(new Error('stopped'));
    await watch;
    return end;
  }

  check(fleet: Fleet3x): Promise<void> {
    return this.clock.run(fleet.refuseLive(this.stop.signal));
  }
}

interface Restored {
  readonly lab: Lab;
  readonly application: string;
}

/** The tables of a golden application, `age` milliseconds after its worker's last report. */
async function restored(
  title: string,
  age: number,
  layout = (it: KclTables): KclTables => it,
): Promise<Restored> {
  const golden = kclTables(title);
  const report = reportOf(golden);
  const lab = new Lab(Number.isNaN(report) ? Date.UTC(2026, 0, 1) : report * 1000 + age);
  await restore(lab.dynamo, layout(golden));
  return { lab, application: golden.application };
}

const REPORTED = ['3.4.2-3x-running', '3.4.2-3x-split', '3.4.2-3x-graceful']
  .map((title) => `kcl-${title}`)
  .concat('java-connector-4.0.8-running');

const PLACES = [
  {
    place: 'in three tables',
    put: restored,
    keys: { state: '-CoordinatorState/key', report: '-WorkerMetricStats/wid' },
  },
  {
    place: 'in one table',
    put: (title: string, age: number) => restored(title, age, inOneTable),
    keys: { state: '/leaseKey', report: '/leaseKey' },
  },
] as const;

describe.each(PLACES)('a fleet in 3X mode, its state $place', ({ put, keys }) => {
  const at = (application: string, what: 'state' | 'report'): [string, Key] => {
    const [suffix = '', key] = keys[what].split('/');
    return [application + suffix, key as Key];
  };

  test.each(REPORTED)('is refused for a minute after a worker reported (%s)', async (title) => {
    const { lab, application } = await put(title, 59_000);
    const refused = lab.check(lab.fleet(application));
    await expect(refused).rejects.toMatchObject(LIVE);
    const text = await refused.catch(explain);
    expect(text).toMatch(/CLIENT_VERSION_3X, worker \w+ reported 59 s ago/);
    expect(text).toContain('Stop every worker of that fleet and start this source 60 s later');
  });

  test.each(REPORTED)('is ignored after that when nothing moves any more (%s)', async (title) => {
    const { lab, application } = await put(title, 60_000);
    const fleet = lab.fleet(application);
    await lab.check(fleet);
    expect(await lab.watched(fleet, 3_600_000)).toBeUndefined();
    expect(lab.log.lines).toEqual([]);
  });

  test('is refused when its leader renews its record while it is watched, whatever its workers report', async () => {
    const { lab, application } = await put('kcl-3.4.2-3x-running', 600_000);
    const fleet = lab.fleet(application);
    await lab.check(fleet);
    lab.clock.setTimer(() => {
      lab.set(...at(application, 'state'), 'Leader', { recordVersionNumber: { S: 'another' } });
    }, HEARTBEAT);
    expect(await lab.watched(fleet, 35_000)).toMatchObject({
      ...LIVE,
      found: 'CLIENT_VERSION_3X, leader w1 renewed its record while it was watched',
    });
  });

  test('that starts while the source runs is refused at the next look', async () => {
    const { lab, application } = await put('kcl-3.4.2-3x-running', 3_600_000);
    const fleet = lab.fleet(application);
    await lab.check(fleet);
    const report = (): void => {
      const lut = { N: String(Math.floor(lab.clock.now() / 1000)) };
      lab.set(...at(application, 'report'), 'w2', { lut, entityType: { S: 'WORKER_METRIC_STATS' } });
      lab.clock.setTimer(report, HEARTBEAT);
    };
    lab.clock.setTimer(report, 1_600_000);
    expect(await lab.watched(fleet, 1_600_000 + 120_000)).toMatchObject(LIVE);
  });
});

describe('a fleet', () => {
  test.each(
    KCL_TABLES.filter(({ title }) => /2\.6\.0|compatible-2x|fresh/.test(title)).map(({ title }) => title),
  )('that assigns no leases by a leader (%s) is no hindrance, alive or not', async (title) => {
    const { lab, application } = await restored(title, 1000);
    const fleet = lab.fleet(application);
    await lab.check(fleet);
    expect(await lab.watched(fleet, 600_000)).toBeUndefined();
  });

  test.each([
    ['CLIENT_VERSION_3X', true],
    ['CLIENT_VERSION_3X_WITH_ROLLBACK', true],
    ['CLIENT_VERSION_UPGRADE_FROM_2X', false],
    ['CLIENT_VERSION_2X', false],
    ['CLIENT_VERSION_INIT', false],
  ])('with the client version %s is refused: %s', async (version, refused) => {
    const { lab, application } = await restored('kcl-3.4.2-3x-running', 1000);
    lab.set(`${application}-CoordinatorState`, 'key', 'Migration3.0', { cv: { S: version } });
    const check = lab.check(lab.fleet(application));
    await (refused ? expect(check).rejects.toMatchObject(LIVE) : expect(check).resolves.toBeUndefined());
  });

  test('that turns to 3X mode while the source runs is refused', async () => {
    const { lab, application } = await restored('kcl-3.4.2-compatible-2x-running', 1000);
    const fleet = lab.fleet(application);
    await lab.check(fleet);
    lab.clock.setTimer(() => {
      lab.set(`${application}-CoordinatorState`, 'key', 'Migration3.0', { cv: { S: 'CLIENT_VERSION_3X' } });
      const now = String(Math.floor(lab.clock.now() / 1000));
      lab.set(`${application}-WorkerMetricStats`, 'wid', 'w1', { lut: { N: now } });
    }, 100_000);
    expect(await lab.watched(fleet, 120_000)).toMatchObject(LIVE);
  });

  test('is looked for under the name of the application, also when the lease table has another one', async () => {
    const { lab, application } = await restored('kcl-3.4.2-3x-running', 1000);
    lab.dynamo.model.invoke('CreateTable', createTableInput('leases', DEFAULT_TABLE));
    const elsewhere = lab.fleet(application, {}, { leaseTable: 'leases' });
    await expect(lab.check(elsewhere)).rejects.toMatchObject(LIVE);
    const other = lab.fleet('other-application', {}, { leaseTable: application });
    await lab.check(other);
  });

  test('that released the lead has stopped', async () => {
    const { lab, application } = await restored('kcl-3.4.2-3x-running', 600_000);
    const table = `${application}-CoordinatorState`;
    const fleet = lab.fleet(application);
    await lab.check(fleet);
    lab.clock.setTimer(() => {
      lab.set(table, 'key', 'Leader', { isReleased: { S: '1' } });
      lab.set(table, 'key', 'Leader', { recordVersionNumber: { S: 'another' } });
    }, 10_000);
    lab.clock.setTimer(() => lab.remove(table, 'key', 'Leader'), 60_000);
    expect(await lab.watched(fleet, 600_000)).toBeUndefined();
  });

  test('costs one read for each place it might be in, at start and every two minutes', async () => {
    const { lab, application } = await restored('kcl-2.6.0-running', 0);
    const fleet = lab.fleet(application);
    await lab.check(fleet);
    expect(lab.reads).toBe(2);
    expect(await lab.watched(fleet, 600_000)).toBeUndefined();
    expect(lab.reads).toBe(2 + 2 * 5);
    expect(lab.clock.pending).toBe(0);
  });
});

describe('what cannot be read', () => {
  const refusing = (code: ErrorCode, hint = 'do something') => ({
    getItem: async (): Promise<never> => {
      throw new ConnectorError(code, 'no', { hint });
    },
  });

  test('because it is not permitted is said once, with the action, and stops nothing', async () => {
    const { lab, application } = await restored('kcl-3.4.2-3x-running', 1000);
    const hint = 'Grant dynamodb:GetItem on kp34x-CoordinatorState to the role in use.';
    const { dynamo } = lab;
    const denied = refusing('AWS_ACCESS_DENIED', hint);
    const fleet = lab.fleet(application, {
      getItem: (input) => (input.TableName === application ? dynamo.getItem(input) : denied.getItem()),
    });
    await lab.check(fleet);
    expect(await lab.watched(fleet, 600_000)).toBeUndefined();
    expect(lab.log.lines).toEqual([
      [
        'info',
        expect.stringContaining('goes on'),
        { table: 'kp34x-CoordinatorState', error: expect.stringContaining(hint.slice(0, -1)) },
      ],
    ]);
  });

  test('of the lease table itself ends the source at its start, not at the first lost answer', async () => {
    const { lab, application } = await restored('kcl-3.4.2-3x-running', 1000);
    const { dynamo } = lab;
    const denied = refusing('AWS_ACCESS_DENIED');
    const fleet = lab.fleet(application, {
      getItem: (input) => (input.TableName === application ? denied.getItem() : dynamo.getItem(input)),
    });
    await expect(lab.check(fleet)).rejects.toMatchObject({ code: 'AWS_ACCESS_DENIED' });
  });

  test('because reports are not permitted leaves the leader to judge by', async () => {
    const { lab, application } = await restored('kcl-3.4.2-3x-running', 1000);
    const fleet = lab.fleet(application, {
      scan: async () => {
        throw new ConnectorError('AWS_ACCESS_DENIED', 'no');
      },
    });
    await lab.check(fleet);
    lab.clock.setTimer(
      () => lab.set('kp34x-CoordinatorState', 'key', 'Leader', { recordVersionNumber: { S: 'another' } }),
      HEARTBEAT,
    );
    expect(await lab.watched(fleet, 35_000)).toMatchObject(LIVE);
    expect(lab.log.lines).toHaveLength(1);
  });

  test('for the moment is read again at start, and at the next look later', async () => {
    const { lab, application } = await restored('kcl-3.4.2-3x-running', 600_000);
    const { dynamo } = lab;
    let failures = 5;
    const fleet = lab.fleet(application, {
      getItem: async (input) => {
        if (failures-- > 0) {
          throw new ConnectorError('AWS_THROTTLED', 'slow down');
        }
        return dynamo.getItem(input);
      },
    });
    await lab.check(fleet);
    expect(failures).toBeLessThan(0);
    lab.clock.setTimer(() => {
      failures = 2;
      lab.set(`${application}-CoordinatorState`, 'key', 'Leader', { recordVersionNumber: { S: 'another' } });
    }, HEARTBEAT);
    expect(await lab.watched(fleet, 35_000 + 120_000)).toMatchObject(LIVE);
    expect(lab.log.lines).toEqual([]);
  });
});

describe('a sign of life', () => {
  const state = {
    table: 't',
    version: 'CLIENT_VERSION_3X',
    leader: { worker: 'w1', recordVersion: 'a' },
    reports: new Map([['w1', 1000]]),
    at: 2_000_000,
  };
  const later = { ...state, at: 2_120_000 };

  test.each([
    ['a report of an old row', { ...later }, undefined],
    [
      'a report under the age, by the time of the service',
      { ...later, at: 1_059_999 },
      'worker w1 reported 60 s ago',
    ],
    ['a report at the age', { ...later, at: 1_060_000 }, undefined],
    ['a report a little in the future', { ...later, at: 941_000 }, 'worker w1 reported 0 s ago'],
    ['a report from far in the future that stands still', { ...later, at: 0 }, undefined],
    [
      'a report from far in the future that moves',
      { ...later, at: 0, reports: new Map([['w1', 1030]]) },
      'worker w1 reported while it was watched',
    ],
    [
      'a new leader',
      { ...later, leader: { worker: 'w2', recordVersion: 'b' } },
      'leader w2 renewed its record while it was watched',
    ],
    ['a leader that is gone', { ...later, leader: undefined }, undefined],
  ])('%s', (_, now, sign) => {
    expect(signOfLife(now, state, 60_000)).toBe(sign);
  });

  test('a leader seen for the first time is none', () => {
    expect(signOfLife(state, undefined, 60_000)).toBeUndefined();
  });
});

describe('a worker of ours', () => {
  /** The tables of a fleet in 3X mode beside a lease table that is not there yet. */
  async function besideFleet(): Promise<{ lab: LeaseLab; report: () => void }> {
    const lab = new LeaseLab(2);
    const { application, tables } = kclTables('kcl-3.4.2-3x-running');
    const side = [...tables].filter(([name]) => name !== application);
    await restore(lab.dynamo, {
      tables: new Map(side.map(([name, table]) => [name.replace(application, TABLE), table])),
    });
    const report = (): void => {
      lab.dynamo.model.invoke('UpdateItem', {
        TableName: `${TABLE}-WorkerMetricStats`,
        Key: { wid: { S: 'w1' } },
        UpdateExpression: 'SET lut = :now',
        ExpressionAttributeValues: { ':now': { N: String(Math.floor(lab.clock.now() / 1000)) } },
      });
    };
    return { lab, report };
  }

  test('beside a live fleet in 3X mode ends before it has written anything', async () => {
    const { lab, report } = await besideFleet();
    report();
    const worker = lab.worker('ours');
    await expect(lab.clock.run(worker.start())).rejects.toMatchObject(LIVE);
    expect(lab.rows()).toEqual([]);
  });

  test('that has started is told to end when the fleet shows signs of life', async () => {
    const { lab, report } = await besideFleet();
    const worker = lab.worker('ours');
    await lab.clock.run(worker.start());
    await lab.clock.advance(20_000);
    report();
    await lab.clock.advance(15_000);
    expect(worker.fatal).toMatchObject([LIVE]);
    await lab.clock.run(worker.stop());
    expect(lab.clock.pending).toBe(0);
  });
});
