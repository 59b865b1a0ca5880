import { ConnectorError } from '../errors';
import type { Decoding } from '../explore/decode-text';
import type { Peek, PeekObserver, PeekQuery } from '../explore/peek';
import { nextPlaces, type PeekPosition, parsePeekPosition } from '../explore/peek-position';
import type { PeekedRecord } from '../explore/peeked-record';
import { systemClock } from '../util/clock';
import type { CliIo } from './cli-io';
import { type StreamSession, withStream } from './explorer-session';
import { EXIT } from './failure';
import { bytesInWords, shardInWords } from './humane';
import type { PlaceFlags } from './kinesis-place';
import { jsonLine, PeekTable, rawLine } from './peeked-lines';
import { leasesOf } from './stream-leases';
import { printable } from './terminal-text';

export interface PeekFlags extends PlaceFlags {
  readonly shard?: string;
  readonly from: string;
  readonly limit?: number;
  readonly follow?: boolean;
  readonly decode: Decoding;
  readonly raw?: boolean;
  readonly json?: boolean;
  readonly wide?: boolean;
  /** Seconds. */
  readonly timeout?: number;
  readonly maxBytes: number;
  readonly readsPerSecond: number;
}

const LIMIT = 20;
/** Milliseconds between two notes of the same kind. */
const NOTE_MS = 5000;

/** `streams peek`. Never rejects. */
export async function peek(name: string | undefined, flags: PeekFlags, io: CliIo): Promise<void> {
  await withStream(flags, name, io, async (session) => {
    const { explorer, stream, signal } = session;
    const { follow = false, limit = follow ? Number.POSITIVE_INFINITY : LIMIT, timeout } = flags;
    const query: PeekQuery = {
      stream,
      from: await positionOf(flags, session),
      limit,
      follow,
      maxBytes: flags.maxBytes,
      readsPerSecond: flags.readsPerSecond,
      ...(flags.shard !== undefined && { shardId: flags.shard }),
      ...(timeout !== undefined && { timeout: timeout * 1000 }),
      observer: notesOf(flags, io),
    };
    const look = explorer.peek(query, signal);
    const lines = linesOf(flags, io);
    let shown = 0;
    for await (const record of look) {
      io.stdout(lines(record));
      shown++;
      await io.drained?.();
    }
    io.stderr(`${summary(look, shown, flags)}\n`);
    io.setExitCode(EXIT.done);
  });
}

/** @throws ConnectorError EXPLORE_POSITION_INVALID, USAGE */
async function positionOf(flags: PeekFlags, session: StreamSession): Promise<PeekPosition> {
  if (flags.from.toLowerCase() !== 'checkpoint') {
    return parsePeekPosition(flags.from, systemClock.now());
  }
  const { explorer, place, stream, logger, signal } = session;
  if (place.source === undefined) {
    throw new ConnectorError('USAGE', 'only a source has checkpoints', {
      expected: '-c with the configuration of a source',
      found: flags.config === undefined ? 'no configuration' : 'that of a sink',
    });
  }
  return nextPlaces(await leasesOf(place.source, await explorer.summary(stream, signal), logger, signal));
}

function linesOf(flags: PeekFlags, io: CliIo): (record: PeekedRecord) => string {
  if (flags.raw) {
    return (record) => rawLine(record, flags.decode, io.columns !== undefined);
  }
  if (flags.json) {
    return (record) => jsonLine(record, flags.decode);
  }
  const table = new PeekTable({ columns: io.columns, decoding: flags.decode, wide: flags.wide ?? false });
  return (record) => table.lines(record);
}

/** What a person is told meanwhile. */
function notesOf({ json, raw, readsPerSecond, follow }: PeekFlags, io: CliIo): PeekObserver {
  let quietUntil = Number.NEGATIVE_INFINITY;
  const note = (text: string): void => {
    const now = systemClock.monotonic();
    if (now >= quietUntil) {
      quietUntil = now + NOTE_MS;
      io.stderr(`Note: ${printable(text)}\n`);
    }
  };
  return {
    begun: (shards) => {
      if (!json && !raw) {
        const rate = readsPerSecond === 1 ? 'once a second' : `${readsPerSecond} times a second`;
        io.stderr(
          `Looking into ${shards} ${shards === 1 ? 'shard' : 'shards'}, each read ${rate} at most. Ctrl-C ends ${follow ? 'it' : 'it early'}.\n`,
        );
      }
    },
    throttled: (shardId) =>
      note(`shard ${shardInWords(shardId)} is read too fast, by all its readers together; the look waits.`),
    retried: (shardId, error) => note(`shard ${shardInWords(shardId)} is read again: ${error.message}`),
  };
}

/** How it ended, and what there is beyond. */
function summary({ ending }: Peek, shown: number, flags: PeekFlags): string {
  const count = `${shown} ${shown === 1 ? 'record' : 'records'}`;
  switch (ending) {
    case 'LIMIT':
      return `${count}: --limit is reached.`;
    case 'BYTES':
      return `${count}: --max-bytes (${bytesInWords(flags.maxBytes)}) is reached.`;
    case 'TIME':
      return `${count}: the time (--timeout) is up.`;
    case 'END':
      return `${count}: that is all there is${flags.from === 'oldest' || flags.follow ? '' : ' from there on'}.`;
    default:
      return `${count}: stopped.`;
  }
}
