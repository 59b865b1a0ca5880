import type { ConnectorKind } from '../config';
import { ConnectorError, messageOf } from '../errors';
import type { Peek, PeekEnding } from '../explore/peek';
import type { PeekedRecord } from '../explore/peeked-record';

/** A connector whose streams may be looked into. */
export interface ExplorableConnector {
  /** `kind/tenant/namespace/name` */
  readonly id: string;
  readonly kind: ConnectorKind;
  /** `tenant/namespace/name` */
  readonly name: string;
  /** Names or ARNs of the streams that it is configured with; those of patterns are for ListStreams to find. */
  readonly streams: readonly string[];
}

/** Answer of `/explore`: what may be looked into. */
export interface ExploreOffer {
  readonly allowed: boolean;
  /** Why not, for a person. */
  readonly reason?: string;
  /** Of one look. */
  readonly maxRecords: number;
  readonly connectors: readonly ExplorableConnector[];
}

/** One record as the page gets it. */
export interface SeenRecord extends Omit<PeekedRecord, 'data'> {
  /** Base64; of a truncated one its beginning. */
  readonly data: string;
  /** Bytes of the payload. */
  readonly size: number;
  readonly truncated: boolean;
}

/** What a refused or failed request says. */
export interface LookError {
  readonly code: string;
  /** One line, without secrets (G9). */
  readonly message: string;
  readonly hint: string;
}

/** One line of the answer to a look: its records, then how it ended. */
export type LookLine =
  | { readonly record: SeenRecord }
  | { readonly end: string }
  | { readonly error: LookError };

/** Why there are no more records, for a person. */
const ENDINGS: { readonly [ending in PeekEnding]: string } = {
  END: 'there are no more',
  LIMIT: 'that is as many as were asked for',
  BYTES: 'that is as much as one look may show (http.exploreMaxBytes)',
  TIME: 'that is all that came in the time of one look (http.exploreTimeout)',
  STOPPED: 'the process ends',
};

/** The records of a look as lines, as they come. Never throws. @param maxBytes of one record; of more its beginning */
export async function* lookLines(peek: Peek, maxBytes: number): AsyncGenerator<LookLine, void> {
  try {
    for await (const { data, ...record } of peek) {
      const shown = data.subarray(0, maxBytes);
      yield {
        record: {
          ...record,
          data: Buffer.from(shown.buffer, shown.byteOffset, shown.length).toString('base64'),
          size: data.length,
          truncated: shown.length < data.length,
        },
      };
    }
    yield { end: ENDINGS[peek.ending ?? 'END'] };
  } catch (error) {
    yield { error: lookError(error) };
  }
}

export function lookError(error: unknown): LookError {
  return error instanceof ConnectorError
    ? { code: error.code, message: messageOf(error), hint: error.hint }
    : { code: 'UNKNOWN', message: messageOf(error), hint: '' };
}
