import type { PartitionColumn } from './types';

/** What a column may be given as. */
export type GivenColumn = Exclude<PartitionColumn, { type: 'default' }>;

/** The column that a valid text names; see `partitionColumn` in the schema of the sink. */
export function parsePartitionColumn(text: string): GivenColumn {
  if (text === 'key' || text === 'topic' || text === 'random') {
    return { type: text };
  }
  const prefix = 'property:';
  return text.startsWith(prefix)
    ? { type: 'property', name: text.slice(prefix.length) }
    : { type: 'field', path: text.split('.') };
}
