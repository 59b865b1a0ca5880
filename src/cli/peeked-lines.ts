import { type Decoding, decode } from '../explore/decode-text';
import type { PeekedRecord } from '../explore/peeked-record';
import { format } from '../stream/extended-sequence-number';
import { bytesInWords, instantInWords, shardInWords } from './humane';
import { cut, fill, printable, safeJson } from './terminal-text';

/** Of an output that is no terminal. */
const COLUMNS = 120;
const LEAST_DATA = 20;
/** Of `01-31 12:00:03.123`: what is a year old is in no stream. */
const TIME = 18;
const YEAR = 5;
const KEY = 16;
const SIZE = 8;
const SEQUENCE = 56;
const GAP = '  ';
/** Characters of a payload that can matter for a line that is cut. */
const SHOWN_CHARACTERS = 4096;

export interface PeekTableOptions {
  /** Of the terminal; undefined where there is none. */
  readonly columns: number | undefined;
  readonly decoding: Decoding;
  /** Whether nothing is cut, and sequence numbers are shown. */
  readonly wide: boolean;
}

/** Records for people, line by line as they come. */
export class PeekTable {
  readonly #options: PeekTableOptions;
  #begun = false;

  constructor(options: PeekTableOptions) {
    this.#options = options;
  }

  /** The line of a record, and before the first one the names of the columns. */
  lines(record: PeekedRecord): string {
    const { wide } = this.#options;
    const cells = [
      instantInWords(record.approximateArrival).slice(YEAR),
      shardInWords(record.shardId).padStart(5),
    ];
    const size = bytesInWords(record.data.byteLength).padStart(SIZE);
    const key = printable(record.partitionKey);
    const line = wide
      ? [...cells, format(record).padEnd(SEQUENCE), key.padEnd(KEY), size, this.#data(record)]
      : [...cells, fill(key, KEY), size, this.#data(record)];
    return `${this.#header()}${line.join(GAP).trimEnd()}\n`;
  }

  #header(): string {
    if (this.#begun) {
      return '';
    }
    this.#begun = true;
    const { wide } = this.#options;
    const cells = [
      'ARRIVED (UTC)'.padEnd(TIME),
      'SHARD',
      ...(wide ? ['SEQUENCE NUMBER'.padEnd(SEQUENCE)] : []),
    ];
    return `${[...cells, 'KEY'.padEnd(KEY), 'SIZE'.padStart(SIZE), 'DATA'].join(GAP)}\n`;
  }

  #data({ data }: PeekedRecord): string {
    const { columns = COLUMNS, decoding, wide } = this.#options;
    const { text, as } = decode(data, decoding);
    // What nobody asked for in hex has to be told from text.
    const marked = as === 'hex' && decoding !== 'hex' ? `0x${text}` : text;
    if (wide) {
      return printable(marked);
    }
    const room = Math.max(LEAST_DATA, columns - TIME - 5 - KEY - SIZE - 4 * GAP.length);
    return cut(printable(marked.slice(0, SHOWN_CHARACTERS)), room);
  }
}

/** A record for scripts, on one line; nothing of the payload is lost, whatever its bytes. */
export function jsonLine(record: PeekedRecord, decoding: Decoding): string {
  const { data, explicitHashKey } = record;
  const head = {
    shardId: record.shardId,
    sequenceNumber: record.sequenceNumber,
    subSequenceNumber: record.subSequenceNumber,
    aggregated: record.aggregated,
    partitionKey: record.partitionKey,
    ...(explicitHashKey !== undefined && { explicitHashKey }),
    approximateArrival: new Date(record.approximateArrival).toISOString(),
    size: data.byteLength,
  };
  const { text, as, valid } = decode(data, exactly(decoding), 'base64');
  if (as === 'json') {
    // As it stands there: parsed and written anew, long numbers would be others.
    const rest = JSON.stringify({ ...head, encoding: as, decoded: true }).slice(0, -1);
    return `${safeJson(`${rest},"value":${text}}`)}\n`;
  }
  // Text in the place of JSON could be taken for it.
  const shown = valid ? { text, as } : decode(data, 'base64');
  const line = { ...head, encoding: shown.as, decoded: valid || decoding === 'auto', data: shown.text };
  return `${safeJson(JSON.stringify(line))}\n`;
}

/** A payload alone. @param toTerminal whether what a terminal would obey is written out */
export function rawLine({ data }: PeekedRecord, decoding: Decoding, toTerminal: boolean): string {
  const { text } = decode(data, exactly(decoding));
  return `${toTerminal ? printable(text) : text}\n`;
}

/** Text is left as it is unless JSON is asked for. */
const exactly = (decoding: Decoding): Decoding => (decoding === 'auto' ? 'utf8' : decoding);
