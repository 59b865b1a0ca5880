import { readFileSync } from 'node:fs';
import type { Delivered } from './delivery-check';
import type { PutEntry } from './kinesis-fill';

/**
 * The 231,083 rows of flights-200k.json (npm vega-datasets 2.11.0), in their order: key = distance, and a running
 * number added, because rows repeat.
 */
export function flights(): PutEntry[] {
  const file = require.resolve('vega-datasets/data/flights-200k.json');
  const rows = JSON.parse(readFileSync(file, 'utf8')) as { readonly distance: number }[];
  return rows.map((row, number) => ({
    key: String(row.distance),
    payload: Buffer.from(JSON.stringify({ number, ...row })),
  }));
}

/** Which flight a message is, by its own words; undefined when it is none. */
export function flightNumber({ payload }: Delivered): number | undefined {
  const [, digits] = /^\{"number":(\d+),/.exec(Buffer.from(payload).toString('latin1')) ?? [];
  return digits === undefined ? undefined : Number(digits);
}
