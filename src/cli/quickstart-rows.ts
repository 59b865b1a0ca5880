import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A row of the data set: domestic flights of the year 2001 (US Bureau of Transportation Statistics). */
interface Flight {
  readonly date: string;
  readonly delay: number;
  readonly distance: number;
  readonly origin: string;
  readonly destination: string;
}

/** A record ready to be put: a flight with a running number. */
export interface QuickstartRow {
  readonly key: string;
  readonly payload: Uint8Array;
}

/** Copied there by the build, out of npm package vega-datasets. */
const FLIGHTS = join(__dirname, '../data/flights.json');

/** `count` rows, numbered from 0; the data set is gone through again when it ends. Key = origin. */
export function quickstartRows(count: number): QuickstartRow[] {
  const flights = JSON.parse(readFileSync(FLIGHTS, 'utf8')) as readonly Flight[];
  return Array.from({ length: count }, (_, n) => {
    const flight = flights[n % flights.length] as Flight;
    return { key: flight.origin, payload: Buffer.from(JSON.stringify({ n, ...flight })) };
  });
}

/** The number of the row that `payload` holds. */
export function rowNumber(payload: Uint8Array): number {
  return (JSON.parse(Buffer.from(payload).toString('utf8')) as { readonly n: number }).n;
}
