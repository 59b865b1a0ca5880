import { parseKinesisSourceConfig, type SourceDefinition } from '../config';
import { ConnectorError, isConnectorError } from '../errors';
import type { Lease } from '../lease/lease';
import { findLiveOwner, watchTime, writtenLease } from '../offsets/live-owner';
import { keyOfChange, type OffsetsChange } from '../offsets/offsets-plan';
import { SourceOffsets } from '../offsets/source-offsets';
import { createPinoLogger } from '../runtime/pino-logger';
import { systemClock } from '../util/clock';
import { systemRandom } from '../util/random';
import type { CliIo } from './cli-io';
import { EXIT, reportFailure } from './failure';
import { loadCliConfig } from './load-config';
import { backupName, saveOffsets } from './offsets-backup';
import { changesForScripts, tableOfChanges } from './offsets-output';
import { startProgress } from './progress';
import { catchStopSignals } from './stop-signals';

/** Milliseconds that a command may take to end once it was stopped. */
const STOP_MS = 5000;

export interface OffsetsFlags {
  readonly config: string;
  readonly connector?: string;
  readonly json?: boolean;
}

export interface ChangeFlags extends OffsetsFlags {
  readonly fence?: boolean;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly backup?: string;
}

/** What a command works on. */
export interface OffsetsSession {
  readonly offsets: SourceOffsets;
  readonly tableName: string;
  readonly failoverTime: number;
  readonly signal: AbortSignal;
}

/** Opens the source that the flags name, does `work`, closes. Never rejects. */
export async function withOffsets(
  flags: OffsetsFlags,
  io: CliIo,
  work: (session: OffsetsSession) => Promise<void>,
): Promise<void> {
  const { stop: signal, limit, done } = catchStopSignals();
  try {
    const loaded = await loadCliConfig(flags.config, io, signal);
    const logger = createPinoLogger('warn');
    limit(STOP_MS, logger);
    const definition = sourceOf(loaded.sources, flags);
    const clock = systemClock;
    const config = parseKinesisSourceConfig(
      definition.configs,
      (name) => definition.secrets[name],
      clock.now(),
    );
    const bounds = { initialMs: config.backoffTime, maxMs: config.maxBackoffTime };
    const offsets = new SourceOffsets({
      config,
      logger,
      retry: { clock, random: systemRandom, bounds, logger },
    });
    try {
      await offsets.open(signal);
      const { leaseTableName: tableName, failoverTime } = config;
      await work({ offsets, tableName, failoverTime, signal });
    } finally {
      offsets.close();
    }
  } catch (error) {
    reportFailure(error, io);
  } finally {
    done();
  }
}

/** The rows of the source; none where there is no table yet. */
export async function rowsOf({ offsets, signal }: OffsetsSession): Promise<Lease[]> {
  try {
    return offsets.own(await offsets.table.scan(signal));
  } catch (error) {
    if (isConnectorError(error, 'LEASE_TABLE_NOT_FOUND')) {
      return [];
    }
    throw error;
  }
}

/**
 * Carries out what `plan` makes of the rows: nobody may hold the leases concerned (or they are fenced off), a backup is
 * written first, and whoever sits at a terminal is asked.
 * @throws ConnectorError OFFSETS_LEASE_LIVE, USAGE, and see TableOffsets.apply
 */
export async function change(
  session: OffsetsSession,
  flags: ChangeFlags,
  io: CliIo,
  plan: (rows: readonly Lease[]) => Promise<readonly OffsetsChange[]>,
): Promise<void> {
  const { offsets, tableName, signal } = session;
  const { json = false, dryRun = false, fence = false } = flags;
  let rows = await rowsOf(session);
  let changes = await plan(rows);
  if (!dryRun && changes.length > 0) {
    if (!fence) {
      await requireNobody(session, changes, rows, io, json);
      // Meanwhile rows may have been given up, or taken.
      const before = rows;
      rows = await rowsOf(session);
      changes = await plan(rows);
      requireNoWrite(writtenLease(before, concernedBy(changes, rows)), session);
    }
    await confirm(flags, io, changes);
  }
  let backup: string | undefined;
  if (!dryRun && changes.length > 0) {
    await offsets.openTable(signal);
    const now = systemClock.now();
    backup = flags.backup ?? backupName(tableName, now);
    const absent = changes.flatMap((one) => (one.kind === 'write' && one.seen === undefined ? one.row : []));
    await saveOffsets(backup, { table: tableName, rows, absent }, now);
    const progress = startProgress(io, 'writing', changes.length, json);
    const streamArnOf = (of: OffsetsChange): string => offsets.streamArnOf(of);
    try {
      await offsets.table.apply(changes, { fence, streamArnOf, onDone: progress.at }, signal);
    } finally {
      progress.stop();
    }
  }
  report({ json, dryRun, backup, changes }, io);
}

function sourceOf(sources: readonly SourceDefinition[], { connector }: OffsetsFlags): SourceDefinition {
  const found = sources.filter(({ name }) => connector === undefined || name === connector);
  const [only, ...others] = found;
  if (only === undefined || others.length > 0) {
    throw new ConnectorError('USAGE', 'the file names not exactly one such source', {
      expected: '--connector with the name of one',
      found: sources.map(({ name }) => name).join(', ') || 'no source',
    });
  }
  return only;
}

function concernedBy(changes: readonly OffsetsChange[], rows: readonly Lease[]): Lease[] {
  const keys = new Set(changes.map(keyOfChange));
  return rows.filter(({ key }) => keys.has(key));
}

async function requireNobody(
  session: OffsetsSession,
  changes: readonly OffsetsChange[],
  rows: readonly Lease[],
  io: CliIo,
  quiet: boolean,
): Promise<void> {
  const concerned = concernedBy(changes, rows);
  if (concerned.every(({ owner }) => owner === undefined)) {
    return;
  }
  const { offsets, failoverTime, signal } = session;
  const time = watchTime(failoverTime);
  const progress = startProgress(io, 'watching (s)', Math.ceil(time / 1000), quiet);
  const live = await findLiveOwner(
    {
      clock: systemClock,
      time,
      scan: (given) => offsets.table.scan(given),
      onLook: (watched) => progress.at(Math.floor(watched / 1000)),
    },
    concerned,
    signal,
  ).finally(progress.stop);
  requireNoWrite(live, session);
}

/** @throws ConnectorError OFFSETS_LEASE_LIVE: an owner has written `live` */
function requireNoWrite(live: Lease | undefined, { failoverTime }: OffsetsSession): void {
  if (live !== undefined) {
    throw new ConnectorError('OFFSETS_LEASE_LIVE', `a worker holds ${live.key}`, {
      expected: `no write by an owner for ${watchTime(failoverTime)} ms`,
      found: `one by ${live.owner ?? 'its former owner'}`,
    });
  }
}

async function confirm(
  { yes = false, json = false }: ChangeFlags,
  io: CliIo,
  changes: readonly OffsetsChange[],
): Promise<void> {
  if (yes) {
    return;
  }
  if (io.ask === undefined || json) {
    throw new ConnectorError('USAGE', 'nobody is there to be asked', {
      expected: '--yes, or --dry-run to see what would be changed',
      found: `${changes.length} rows to be changed`,
    });
  }
  io.stderr(tableOfChanges(changes));
  const answer = await io.ask(`Change ${changes.length} rows? [y/N] `);
  if (!/^y(es)?$/i.test(answer.trim())) {
    throw new ConnectorError('USAGE', 'nothing was changed', { hint: 'Answer y to go on.' });
  }
}

interface Report {
  readonly json: boolean;
  readonly dryRun: boolean;
  readonly backup: string | undefined;
  readonly changes: readonly OffsetsChange[];
}

function report({ json, dryRun, backup, changes }: Report, io: CliIo): void {
  if (json) {
    const shape = { dryRun, backup, changes: changesForScripts(changes) };
    io.stdout(`${JSON.stringify(shape, null, 2)}\n`);
  } else if (changes.length === 0) {
    io.stdout('Nothing to change: the table says so already.\n');
  } else {
    io.stdout(tableOfChanges(changes));
    io.stdout(
      dryRun
        ? `${changes.length} rows would be changed.\n`
        : `${changes.length} rows are changed. Before: ${backup} (\`offsets import ${backup} --overwrite\` brings it back).\n`,
    );
  }
  io.setExitCode(EXIT.done);
}

export const usage = (what: string, expected: string, found: string): ConnectorError =>
  new ConnectorError('USAGE', `${what} cannot be used like that`, { expected, found: JSON.stringify(found) });
