import { open } from 'node:fs/promises';
import { ConnectorError, messageOf } from '../errors';
import { type OffsetsFile, writeOffsetsFile } from '../offsets/offsets-file';

/**
 * Writes a file that is not there yet, down to the disk.
 * @param at milliseconds since the epoch
 * @throws ConnectorError USAGE: it cannot be written, or is there already
 */
export async function saveOffsets(path: string, file: OffsetsFile, at: number): Promise<void> {
  try {
    const handle = await open(path, 'wx');
    try {
      await handle.writeFile(writeOffsetsFile(file, at));
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw new ConnectorError('USAGE', `${path} cannot be written`, {
      expected: 'a place for a new file',
      found: messageOf(cause),
      hint: 'Name another file.',
      cause,
    });
  }
}

/** Name of the backup of a table. @param at milliseconds since the epoch */
export function backupName(table: string, at: number): string {
  return `offsets-${table}-${new Date(at).toISOString().replace(/[:.]/g, '-')}.json`;
}
