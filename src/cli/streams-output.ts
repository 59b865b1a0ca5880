import type { StreamDescription, StreamListing } from '../explore/stream-explorer';
import { bytesInWords, instantInWords, spanInWords } from './humane';
import { printable } from './terminal-text';
import { textTable } from './text-table';

/** `createdAt` as an instant of ISO 8601, for scripts. */
export function withInstants<T extends { readonly createdAt?: number | undefined }>(
  thing: T,
): Omit<T, 'createdAt'> & { readonly createdAt?: string } {
  const { createdAt, ...rest } = thing;
  return { ...rest, ...(createdAt !== undefined && { createdAt: new Date(createdAt).toISOString() }) };
}

export function tableOfStreams(streams: readonly StreamListing[]): string {
  return textTable([
    ['STREAM', 'CREATED (UTC)'],
    ...streams.map(({ name, createdAt }) => [
      printable(name),
      createdAt === undefined ? '' : instantInWords(createdAt).slice(0, 19),
    ]),
  ]);
}

/** One line a fact. @param now milliseconds since the epoch */
export function describedStream(
  stream: Omit<StreamDescription, 'serviceTime' | 'openShardCount'>,
  now: number,
): string {
  const { shards, consumers, tags, encryptionKey, withheld } = stream;
  const rows: string[][] = [
    ['name', stream.name],
    ['ARN', stream.arn],
    ['status', stream.status],
    ['mode', stream.mode === 'ON_DEMAND' ? 'on demand' : 'provisioned'],
    [
      'created',
      `${instantInWords(stream.createdAt).slice(0, 19)} UTC (${spanInWords(now - stream.createdAt)} ago)`,
    ],
    [
      'retention',
      `${stream.retentionHours} h${stream.retentionHours > 24 ? ` (${Number((stream.retentionHours / 24).toFixed(1))} d)` : ''}`,
    ],
    ['encryption', encryptionKey === undefined ? 'none' : `KMS, ${encryptionKey}`],
    ['largest record', bytesInWords(stream.maxRecordBytes)],
    ['shards', `${shards.open} open, ${shards.closed} closed`],
    ...(consumers === undefined
      ? []
      : several(
          'consumers',
          consumers.map((it) => `${it.name} (${it.status})`),
        )),
    ...(tags === undefined
      ? []
      : several(
          'tags',
          tags.map(({ key, value }) => `${key} = ${value}`),
        )),
    ...several('not known', withheld).filter(() => withheld.length > 0),
  ];
  return textTable(rows.map((row) => row.map(printable)));
}

/** The first beside the name, the others below it. */
function several(name: string, values: readonly string[]): string[][] {
  const [first = 'none', ...others] = values;
  return [[name, first], ...others.map((value) => ['', value])];
}
