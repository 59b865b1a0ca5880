import { readFile } from 'node:fs/promises';
import { ConnectorError, messageOf } from '../errors';
import { type OffsetsFile, readOffsetsFile } from '../offsets/offsets-file';
import type { CliIo } from './cli-io';
import { type ChangeFlags, change, type OffsetsSession, usage } from './offsets-session';

export interface ImportFlags extends ChangeFlags {
  readonly stream?: string;
  readonly from?: 'file' | 'kcl';
  readonly table?: string;
  readonly region?: string;
  readonly endpoint?: string;
  readonly overwrite?: boolean;
}

/** Takes positions over from a file, or from another lease table. @throws ConnectorError, and see change */
export async function importFrom(
  session: OffsetsSession,
  file: string | undefined,
  flags: ImportFlags,
  io: CliIo,
): Promise<void> {
  const { offsets } = session;
  const { table, rows: wanted, absent } = await wantedRows(session, file, flags);
  await change(session, flags, io, async (rows) => {
    if (rows.length > 0 && flags.overwrite !== true) {
      throw new ConnectorError(
        'OFFSETS_TARGET_NOT_EMPTY',
        `${session.tableName} knows these streams already`,
        {
          expected: 'no rows of them',
          found: `${rows.length} rows, ${rows[0]?.key} among them`,
        },
      );
    }
    // Of another table nothing is undone.
    return offsets.planImport(rows, wanted, table === session.tableName ? absent : [], flags.stream);
  });
}

async function wantedRows(
  { offsets, tableName, signal }: OffsetsSession,
  file: string | undefined,
  { from = 'file', table, region, endpoint, stream }: ImportFlags,
): Promise<OffsetsFile> {
  if (from === 'file') {
    if (file === undefined) {
      throw usage('import', 'a file, or --from kcl --table NAME', 'neither');
    }
    return readOffsetsFile(await textOf(file), file);
  }
  if (table === undefined || file !== undefined) {
    throw usage('--from kcl', '--table NAME and no file', file ?? 'no table');
  }
  if (table === tableName && region === undefined && endpoint === undefined) {
    throw usage('--table', 'another table than that of the source, which is taken over as it is', table);
  }
  const rows = await offsets
    .otherTable(table, { ...(region && { region }), ...(endpoint && { endpoint }) })
    .scan(signal);
  if (rows.length === 0) {
    throw new ConnectorError('OFFSETS_FILE_INVALID', `${table} holds no lease`, {
      hint: 'Name the lease table of a KCL application: it has the name of the application.',
    });
  }
  const meant = offsets.meant(rows, stream);
  if (meant.length === 0) {
    throw new ConnectorError(
      'OFFSETS_OTHER_STREAM',
      `${table} holds no lease of a stream that is read here`,
      {
        expected: offsets
          .streams()
          .map(({ arn }) => arn)
          .join(', '),
        found: `${rows[0]?.stream ?? 'rows of one stream, which they do not name'} (${rows[0]?.shardId})`,
      },
    );
  }
  return { table, rows: meant, absent: [] };
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new ConnectorError('CONFIG_UNREADABLE', `${file} cannot be read: ${messageOf(cause)}`, { cause });
  }
}
