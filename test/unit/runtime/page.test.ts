import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { joinModules, page } from '../../../src/runtime/http-page';

const FOLDER = join(__dirname, '../../../src/runtime/page');

/** What a module of the page exports, run as a browser runs it. */
// biome-ignore lint/suspicious/noExplicitAny: it comes out of another world, without types
function moduleOf(name: string, globals: object = {}): any {
  const script = joinModules(name, (part) => readFileSync(join(FOLDER, part), 'utf8'));
  const variable = script.match(/^const (\$\w+) = \(\(\) => \{$/gm)?.at(-1);
  return runInNewContext(`${script}; ${variable?.slice('const '.length, -' = (() => {'.length)}`, {
    Intl,
    TextDecoder,
    URLSearchParams,
    atob,
    ...globals,
  });
}

describe('the page', () => {
  const { html, contentSecurityPolicy } = page();

  it('asks nobody for anything: no address in it leads elsewhere', () => {
    const addresses = html.match(/(?:src|href|action)=(["'])(.*?)\1/g) ?? [];
    expect(addresses.filter((it) => !/="(#|data:)/.test(it))).toEqual([]);
    expect(html.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/\bhttps?:\/\/|@import|url\(/);
  });

  it('lets a browser run nothing but its own script and style', () => {
    const digest = (tag: string): string => {
      const [, text = ''] = new RegExp(`<${tag}[^>]*>([^]*?)</${tag}>`).exec(html) ?? [];
      return `sha256-${createHash('sha256').update(text).digest('base64')}`;
    };
    expect(contentSecurityPolicy).toContain(`script-src '${digest('script')}'`);
    expect(contentSecurityPolicy).toContain(`style-src '${digest('style')}'`);
    expect(contentSecurityPolicy).toMatch(/^default-src 'none'/);
  });

  it('sets what it shows as text: nothing in it makes markup of a string', () => {
    expect(html).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/);
  });
});

describe('figures', () => {
  const { formatBytes, formatCount, formatDuration, formatRate, shortened } = moduleOf('format.mjs');

  it.each([
    [undefined, '–'],
    [0, '0 s'],
    [-5, '0 s'],
    [850, '850 ms'],
    [12_999, '12 s'],
    [185_000, '3 min 5 s'],
    [3_600_000, '1 h'],
    [2 * 86_400_000 + 3_600_000, '2 d 1 h'],
  ])('a lag of %p ms is %s', (ms, text) => expect(formatDuration(ms)).toBe(text));

  it('are short, and exact where that is short', () => {
    expect([0, 999_999, 1_234_567].map(formatCount)).toEqual(['0', '999,999', '1.2M']);
    expect([0, 0.44, 9.96, 1234.4].map(formatRate)).toEqual(['0', '0.4', '10.0', '1,234']);
    expect([0, 1023, 1536, 200 * 1024, 3 * 2 ** 30].map(formatBytes)).toEqual([
      '0 B',
      '1023 B',
      '1.5 KiB',
      '200 KiB',
      '3.0 GiB',
    ]);
    expect(shortened('LATEST')).toBe('LATEST');
  });
});

describe('a payload', () => {
  const { bytesOf, hexDump, indentedJson, shownPayload } = moduleOf('payload.mjs');
  const shown = (payload: string | Uint8Array, view: string) =>
    shownPayload(bytesOf(Buffer.from(payload as string).toString('base64')), view);

  it('that is JSON keeps every figure and every name as it was written', () => {
    const text = '{"id":12345678901234567890,"a":1.0,"a":[{},[]],"s":"{[,:\\"\\\\"}';
    expect(shown(text, 'auto')).toEqual({
      view: 'json',
      text: '{\n  "id": 12345678901234567890,\n  "a": 1.0,\n  "a": [\n    {},\n    []\n  ],\n  "s": "{[,:\\"\\\\"\n}',
    });
  });

  it('only gains or loses white space by being indented', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(undefined, 1, '\t'), (json, space) => {
        const spaced = JSON.stringify(JSON.parse(json), undefined, space);
        expect(JSON.stringify(JSON.parse(indentedJson(spaced)))).toBe(JSON.stringify(JSON.parse(json)));
      }),
      { numRuns: 100 },
    );
  });

  it('is text where it can be read, and else hexadecimal', () => {
    expect(shown('42', 'auto')).toEqual({ view: 'text', text: '42' });
    expect(shown('<b>grüße</b>\n', 'auto')).toEqual({ view: 'text', text: '<b>grüße</b>\n' });
    expect(shown('\u0000', 'auto').view).toBe('hex');
    expect(shown(Buffer.from([0xff, 0x41]), 'auto')).toEqual({
      view: 'hex',
      text: `000000  ff 41${' '.repeat(42)}  .A`,
    });
    expect(hexDump(new Uint8Array(17)).split('\n')).toHaveLength(2);
  });

  it('that is not what was asked for says so instead of showing something else', () => {
    expect(shown('{"a":', 'json')).toEqual({ view: 'none', text: 'Not JSON.' });
    expect(shown(Buffer.from([0xff]), 'text')).toEqual({ view: 'none', text: 'Not UTF-8 text.' });
    expect(indentedJson('{')).toBeUndefined();
  });
});

describe('rates', () => {
  const { Rate } = moduleOf('traffic.mjs');

  it('are those of the last ten seconds, and none before there are two figures', () => {
    const rate = new Rate();
    rate.look(0, 5);
    expect(rate.perSecond).toBeUndefined();
    rate.look(2000, 25);
    expect(rate.perSecond).toBe(10);
    for (let at = 4000; at <= 40_000; at += 2000) {
      rate.look(at, 25);
    }
    expect(rate.perSecond).toBe(0);
  });

  it('are never negative: a counter that begins anew begins a new rate', () => {
    const rate = new Rate();
    rate.look(0, 1000);
    rate.look(2000, 3);
    expect(rate.perSecond).toBeUndefined();
    rate.look(4000, 7);
    expect(rate.perSecond).toBe(2);
  });
});

describe('the table of shards', () => {
  const { filteredRows, shardRows, sortedRows } = moduleOf('shard-rows.mjs');
  const shard = (shardId: string, more: object) => ({ stream: 'orders', shardId, checkpoint: '1', ...more });
  const source = (instances: object[]) => ({
    connectors: [
      {
        kind: 'source',
        tenant: 't',
        namespace: 'n',
        name: 'orders',
        instances: instances.map((status, instanceId) => ({
          instanceId,
          status: { stalled: [], ...status },
        })),
      },
    ],
  });
  const rows = shardRows(
    source([
      {
        shards: [
          shard('shardId-1', { state: 'PROCESSING', millisBehindLatest: 5, owner: 'a' }),
          shard('shardId-2', { state: 'ELSEWHERE', millisBehindLatest: 900_000, owner: 'b' }),
          shard('shardId-3', { state: 'FINISHED' }),
        ],
      },
      {
        shards: [
          shard('shardId-1', { state: 'ELSEWHERE', millisBehindLatest: 90_000 }),
          shard('shardId-2', {
            state: 'PROCESSING',
            millisBehindLatest: 0,
            unconfirmedAge: 70_000,
            owner: 'b',
          }),
        ],
        stalled: [{ part: 'shardId-2 reader', code: 'READER_STALLED', reason: 'no answer' }],
      },
    ]),
    () => 1,
  );
  const idsOf = (some: { shard: { shardId: string } }[]) => Array.from(some, (row) => row.shard.shardId);

  it('has each shard once, as the instance tells that reads it', () => {
    expect(idsOf(rows)).toEqual(['shardId-1', 'shardId-2', 'shardId-3']);
    expect(Array.from(rows, ({ level }: { level: string }) => level)).toEqual(['ok', 'failing', 'idle']);
    expect(rows[1]).toMatchObject({
      error: 'READER_STALLED: no answer',
      shard: { unconfirmedAge: 70_000 },
    });
  });

  it('finds by words and by state', () => {
    const found = (text: string, show: string) => idsOf(filteredRows(rows, { text, show }));
    expect(found('', 'unfinished')).toEqual(['shardId-1', 'shardId-2']);
    expect(found('ORDERS stalled', 'all')).toEqual(['shardId-2']);
    expect(found('', 'attention')).toEqual(['shardId-2']);
    expect(found('', 'FINISHED')).toEqual(['shardId-3']);
    expect(found('<script>', 'all')).toEqual([]);
  });

  it('sorts by lag with the unknown last, and by level with the worst first', () => {
    expect(idsOf(sortedRows(rows, 'lag', true))).toEqual(['shardId-2', 'shardId-1', 'shardId-3']);
    expect(idsOf(sortedRows(rows, 'state', false))).toEqual(['shardId-2', 'shardId-1', 'shardId-3']);
  });
});
