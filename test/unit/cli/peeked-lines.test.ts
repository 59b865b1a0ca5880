import { jsonLine, PeekTable, rawLine } from '../../../src/cli/peeked-lines';
import type { PeekedRecord } from '../../../src/explore/peeked-record';

const record = (data: string | Uint8Array, more: Partial<PeekedRecord> = {}): PeekedRecord => ({
  shardId: 'shardId-000000000003',
  sequenceNumber: '49680446008859996185093659183176895877065173590207365218',
  subSequenceNumber: 0,
  aggregated: false,
  partitionKey: 'customer',
  approximateArrival: Date.UTC(2026, 0, 31, 12, 0, 3, 123),
  data: Buffer.from(data as string),
  ...more,
});

describe('a table of records', () => {
  it('is as wide as the terminal, whatever is in it', () => {
    const table = new PeekTable({ columns: 100, decoding: 'auto', wide: false });
    const lines = [
      record('{ "id": 1 }'),
      record('x'.repeat(500)),
      record('\x1b[2J', { partitionKey: 'a key that is longer than its column\x07' }),
      record(Uint8Array.of(0xff, 0)),
    ].map((one) => table.lines(one));
    expect(lines.join('')).toBe(
      [
        'ARRIVED (UTC)       SHARD  KEY                   SIZE  DATA',
        '01-31 12:00:03.123      3  customer              11 B  {"id":1}',
        `01-31 12:00:03.123      3  customer             500 B  ${'x'.repeat(44)}…`,
        '01-31 12:00:03.123      3  a key that is l…       4 B  \\x1b[2J',
        '01-31 12:00:03.123      3  customer               2 B  0xff00',
        '',
      ].join('\n'),
    );
    expect(
      Math.max(
        ...lines
          .join('')
          .split('\n')
          .map((line) => line.length),
      ),
    ).toBe(100);
  });

  it('when wide has everything, with the place of the record', () => {
    const table = new PeekTable({ columns: 100, decoding: 'utf8', wide: true });
    const lines = table.lines(record('y'.repeat(300), { subSequenceNumber: 2 }));
    expect(lines).toContain('49680446008859996185093659183176895877065173590207365218.2  customer');
    expect(lines).toContain('y'.repeat(300));
  });
});

describe('records for scripts', () => {
  it('are a line of JSON each, with the text of the payload as it is', () => {
    expect(JSON.parse(jsonLine(record('{ "a":\n1 }'), 'auto'))).toEqual({
      shardId: 'shardId-000000000003',
      sequenceNumber: '49680446008859996185093659183176895877065173590207365218',
      subSequenceNumber: 0,
      aggregated: false,
      partitionKey: 'customer',
      approximateArrival: '2026-01-31T12:00:03.123Z',
      size: 10,
      encoding: 'utf8',
      decoded: true,
      data: '{ "a":\n1 }',
    });
  });

  it('have JSON as JSON when it is asked for, with its own numbers', () => {
    const line = jsonLine(record('{ "n":\n12345678901234567890, "s": "\u009b" }'), 'json');
    expect(line).toMatch(
      /"encoding":"json","decoded":true,"value":\{"n":12345678901234567890,"s":"\\u009b"\}\}\n$/,
    );
    expect(line.trimEnd()).not.toContain('\n');
  });

  it.each([
    ['json', 'no JSON'],
    ['utf8', Uint8Array.of(0xff)],
  ] as const)('say when a payload is no %s, and have it in base64', (decoding, data) => {
    const one = record(data);
    expect(JSON.parse(jsonLine(one, decoding))).toMatchObject({
      decoded: false,
      encoding: 'base64',
      data: Buffer.from(one.data).toString('base64'),
    });
  });

  it('have bytes in base64 by themselves', () => {
    expect(JSON.parse(jsonLine(record(Uint8Array.of(0xff)), 'auto'))).toMatchObject({
      decoded: true,
      encoding: 'base64',
      data: '/w==',
    });
  });

  it('are payloads alone when raw, harmless on a terminal', () => {
    expect(rawLine(record('{ "a": 1 }\x07'), 'auto', false)).toBe('{ "a": 1 }\x07\n');
    expect(rawLine(record('{ "a": 1 }\x07'), 'auto', true)).toBe('{ "a": 1 }\\x07\n');
    expect(rawLine(record(Uint8Array.of(0xff)), 'base64', false)).toBe('/w==\n');
  });
});
