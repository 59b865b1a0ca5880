import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { hide, processEnvironment } from '../../src/config';
import { accessDenied } from '../../src/emulator/faults';
import { ConnectorError } from '../../src/errors';
import type { ShardStatus } from '../../src/io';
import { HealthBoard } from '../../src/runtime/health';
import { systemRandom } from '../../src/util/random';
import { ANY_PORT } from '../support/http-settings';
import { until } from '../support/instances-lab';
import { PageLab, pageSink, pageSource, type ServedRun, serveBoard } from '../support/page-lab';

const CHROMIUM = processEnvironment().CHROMIUM_PATH ?? '/usr/bin/chromium';
const DESK = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };
/** Milliseconds: old enough to be late. */
const AGE = 15 * 60_000;
const TOKEN = `token-${systemRandom.hex(8)}`;
const HOSTILE = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>';

let browser: Browser;
const labs: PageLab[] = [];

/** A page in a window of its own, and what it did that it should not have. */
interface Visit {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors of its console, and requests to another origin. */
  readonly faults: string[];
}

async function visit(
  url: string,
  options: { width: number; height: number; dark?: boolean },
): Promise<Visit> {
  const { dark = false, ...viewport } = options;
  const context = await browser.newContext({ viewport, colorScheme: dark ? 'dark' : 'light' });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', ({ message }) => faults.push(message));
  page.on('console', (message) => {
    if (message.type() === 'error') {
      faults.push(message.text());
    }
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('data:')) {
      faults.push(`asked ${request.url()}`);
    }
  });
  await page.goto(url);
  return { page, context, faults };
}

async function openLab(): Promise<PageLab> {
  const lab = await PageLab.open();
  labs.push(lab);
  return lab;
}

const numbered = (count: number): string[] =>
  Array.from({ length: count }, (_, n) => JSON.stringify({ order: n, note: HOSTILE }));

/** Whether nothing of the page is wider than its window. */
const fits = (page: Page): Promise<boolean> =>
  page.evaluate('document.documentElement.scrollWidth <= window.innerWidth') as Promise<boolean>;

beforeAll(async () => {
  if (!existsSync(CHROMIUM)) {
    throw new Error(`no ${CHROMIUM}: apt-get install chromium, or name one by CHROMIUM_PATH`);
  }
  browser = await chromium.launch({ executablePath: CHROMIUM });
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await Promise.all(labs.map((lab) => lab.close()));
});

describe('the page of a connector that is well', () => {
  let lab: PageLab;
  let run: ServedRun;

  beforeAll(async () => {
    lab = await openLab();
    lab.stream('orders', 4);
    lab.stream('invoices', 2);
    lab.put('orders', numbered(200));
    run = await lab.run({
      sources: [{ ...pageSource('orders'), parallelism: 2 }],
      sinks: [pageSink('invoices', 'orders', 'invoices')],
    });
  });

  it('shows connectors, instances and shards, and refreshes by itself without losing a selection', async () => {
    const { page, context, faults } = await visit(run.url, DESK);
    await page.getByText('2 of 2 running').waitFor();
    await page.locator('#health').getByText('ready').waitFor();
    expect(await page.locator('#connectors h3').allTextContents()).toEqual(['orders', 'invoices']);
    await until(
      'four shards are read',
      async () => (await page.locator('#shards-body .pill.ok').count()) === 4,
    );
    expect(await page.locator('#problems li').count()).toBe(0);

    const selected = 'getSelection().toString()';
    await page.locator('#connectors h3').first().selectText();
    const before = await page.locator('#updated').textContent();
    lab.put('orders', numbered(100));
    await page.locator('#tiles').getByText('600 confirmed').waitFor();
    await until('it is later', async () => (await page.locator('#updated').textContent()) !== before);
    expect(await page.evaluate(selected)).toBe('orders');
    expect(await page.locator('#tiles .sparkline path').first().getAttribute('d')).toMatch(/^M/);
    expect(faults).toEqual([]);
    await context.close();
  });

  it('finds and sorts shards by keyboard alone', async () => {
    const { page, context, faults } = await visit(run.url, DESK);
    await page.locator('#shards-body tr').nth(3).waitFor();
    await page.locator('#shards-text').focus();
    await page.keyboard.type('000003');
    expect(await page.locator('#shards-body tr').count()).toBe(1);
    expect(await page.locator('#shards-count').textContent()).toBe('1 of 4 shards');
    await page.locator('#shards-text').fill('');
    await page.locator('th[data-column=shard] button').focus();
    await page.keyboard.press('Enter');
    expect(await page.locator('#shards-body tr').first().textContent()).toContain('shardId-000000000003');
    expect(await page.locator('th[data-column=shard]').getAttribute('aria-sort')).toBe('descending');
    await page.locator('#shards-text').fill('nothing like it');
    await page.getByText('No shard is like that.').waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });

  it('explores from a shard of the table: records as JSON, text and hex, and what is hostile stays text', async () => {
    const { page, context, faults } = await visit(run.url, DESK);
    await page.locator('#shards-body button').first().click();
    await page.locator('#look-shard').waitFor();
    expect(await page.locator('#look-shard').inputValue()).toBe('shardId-000000000000');
    expect(await page.locator('#look-stream').inputValue()).toBe('orders');
    await page.locator('#look-from').selectOption('oldest');
    await page.locator('#look-limit').fill('3');
    await page.locator('#look-go').click();
    await page.getByText('3 records; that is as many as were asked for.').waitFor();
    const first = page.locator('#records pre').first();
    expect(await first.textContent()).toMatch(/^\{\n {2}"order": \d+,\n {2}"note": "<img src=x/);
    await page.getByLabel('hex').check();
    expect(await first.textContent()).toMatch(/^000000 {2}7b 22 6f 72 64 65 72/);
    await page.getByLabel('text', { exact: true }).check();
    expect(await first.textContent()).toMatch(/^\{"order":\d+/);
    expect(await page.title()).toBe('pulsar-io-kinesis');
    expect(await page.locator('#records img, #records script').count()).toBe(0);

    await page.locator('#look-stream').selectOption('invoices');
    await page.locator('#look-from').selectOption('newest');
    await page.locator('#look-go').click();
    await page.getByText('looking …').waitFor();
    await page.locator('#look-stop').click();
    await page.getByText('stopped; 0 records seen').waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });

  it.each([false, true])('fits a phone, its colours dark: %p', async (dark) => {
    const { page, context, faults } = await visit(run.url, { ...PHONE, dark });
    await page.locator('#shards-body tr').nth(3).waitFor();
    expect(await fits(page)).toBe(true);
    await page.locator('#to-explore').click();
    await page.locator('#look-go').click();
    await page.locator('#records li').first().waitFor();
    expect(await fits(page)).toBe(true);
    const ground = await page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(ground).toBe(dark ? 'rgb(13, 17, 23)' : 'rgb(246, 248, 250)');
    expect(faults).toEqual([]);
    await context.close();
  });
});

describe('the page of a connector', () => {
  it('that lags says which shards do, and that Pulsar holds them back', async () => {
    const lab = await openLab();
    lab.stream('clicks', 3, AGE);
    lab.put(
      'clicks',
      numbered(3000).map((text) => text.padEnd(2048)),
      AGE,
    );
    lab.broker.behaviour.messagesPerSecond = 20;
    const run = await lab.run({
      shutdownTimeoutMs: 1000,
      sources: [pageSource('clicks', { receiveQueueBytes: 1_048_576, maxRecordsPerRead: 50 })],
    });
    const { page, context, faults } = await visit(run.url, DESK);
    await page
      .locator('#problems li.late')
      .getByText(/3 shards are late, up to 1[45] min.*held back/)
      .waitFor();
    await page.locator('#health').getByText('ready, 1 remark').waitFor();
    expect(await page.locator('#shards-body .pill.late').count()).toBe(3);
    expect(faults).toEqual([]);
    await context.close();
  });

  it('that fails says why and when it is started again, and that nothing answers once the process has ended', async () => {
    const lab = await openLab();
    lab.stream('payments', 1);
    const run = await lab.run({
      sources: [pageSource('payments', { backoffTime: 100, numRetries: 1 })],
      restart: { initialDelayMs: 60_000 },
    });
    run.ended.catch(() => undefined);
    const { page, context } = await visit(run.url, DESK);
    await page.locator('#shards-body .pill.ok').waitFor();
    lab.emulator.faults.add({
      operation: 'GetRecords',
      fault: {
        kind: 'error',
        type: 'UnrecognizedClientException',
        message: `The security token included in the request is invalid. ${HOSTILE}`,
      },
    });
    const problem = page.locator('#problems li.failing');
    await problem.getByText(/restarting: AWS_CREDENTIALS.*<img src=x/).waitFor();
    await page.locator('#health').getByText('not ready').waitFor();
    await page
      .getByText(/Next start: \d{4}-/)
      .first()
      .waitFor();
    expect(await page.locator('main img, main script').count()).toBe(0);
    expect(await page.title()).toBe('not ready – pulsar-io-kinesis');
    await run.stop();
    await page
      .getByText(/The process does not answer; .* its log says why. What is shown here is from \d\d:/)
      .waitFor();
    await page.locator('#health').getByText('no answer').waitFor();
    await context.close();
  });

  it('that fails for good, for want of a permission or of its stream, says so while the process stops', async () => {
    const denied = accessDenied(
      'kinesis:GetRecords',
      'arn:aws:kinesis:us-east-1:000000000000:stream/payments',
    );
    const saysSo = async (strike: (lab: PageLab) => unknown, error: RegExp): Promise<void> => {
      const lab = await openLab();
      lab.stream('payments', 1);
      lab.stream('clicks', 1);
      lab.put('clicks', numbered(50));
      // What is not confirmed yet keeps the process from ending before somebody looks.
      lab.broker.behaviour.latencyMs = 8000;
      const sources = [pageSource('payments', { backoffTime: 100, numRetries: 1 }), pageSource('clicks')];
      const run = await lab.run({ sources });
      const ended = run.ended.catch((reason) => reason);
      const { page, context } = await visit(run.url, PHONE);
      await page.locator('#shards-body .pill.ok').nth(1).waitFor();
      strike(lab);
      await page.locator('#problems li.failing').getByText(error).waitFor();
      await page.locator('#problems li.late').getByText('stopping').waitFor();
      await page.locator('#health').getByText('not ready').waitFor();
      expect(await fits(page)).toBe(true);
      await context.close();
      expect(await ended).toBeInstanceOf(ConnectorError);
    };
    await Promise.all([
      saysSo(
        ({ emulator }) => emulator.faults.add({ operation: 'GetRecords', fault: denied }),
        /failed: AWS_ACCESS_DENIED: .*GetRecords on payments/,
      ),
      saysSo(
        ({ emulator }) => emulator.kinesis.call('DeleteStream', { StreamName: 'payments' }),
        /failed: KINESIS_STREAM_NOT_FOUND: .*payments/,
      ),
    ]);
  });

  it('with 2,000 shards shows the first, finds any, and keeps the place of who types while it is started again', async () => {
    const shards = Array.from({ length: 2000 }, (_, n): ShardStatus => {
      const shardId = `shardId-${String(n).padStart(12, '0')}`;
      const progress = { checkpoint: '4968'.padEnd(56, '7'), millisBehindLatest: n, recordsRead: n };
      return { stream: 'orders', shardId, state: 'PROCESSING', owner: 'worker-0', ...progress };
    });
    const board = new HealthBoard();
    const source = board.add('source', 'public/default/orders');
    const read = () => ({
      recordsIn: 0,
      recordsOut: 0,
      bytesIn: 0,
      recordsQueued: 0,
      bytesQueued: 0,
      shards,
    });
    source.starting();
    source.exposing(read);
    source.running();
    const server = await serveBoard(board);
    const { page, context, faults } = await visit(server.url, DESK);
    await page.getByText('Show all 2,000').waitFor();
    expect(await page.locator('#shards-body tr').count()).toBe(200);
    await page.locator('#shards-text').focus();
    await page.keyboard.type('0019');
    source.restarting(new ConnectorError('AWS_THROTTLED', 'too many calls'), Date.now());
    await page.locator('#problems').getByText('restarting: AWS_THROTTLED').waitFor();
    source.starting();
    source.exposing(read);
    source.running();
    await page.getByText('111 of 2,000 shards').waitFor();
    await page.keyboard.type('99');
    await page.getByText('1 of 2,000 shards').waitFor();
    expect(await page.locator('#shards-body tr').textContent()).toContain('shardId-000000001999');
    await page.locator('#shards-text').fill('');
    await page.getByText('Show all 2,000').click();
    await page.locator('#shards-body tr').nth(1999).waitFor();
    expect(faults).toEqual([]);
    await context.close();
    await server.close();
  });

  it('takes a token also in a browser that keeps nothing for pages', async () => {
    const board = new HealthBoard();
    board.add('sink', 'public/default/exports').running();
    const server = await serveBoard(board, { ...ANY_PORT, token: hide(TOKEN) });
    const { page, context } = await visit('about:blank', DESK);
    await context.addInitScript(
      'Object.defineProperty(window, "sessionStorage", { get() { throw new DOMException("denied", "SecurityError"); } })',
    );
    await page.goto(server.url);
    await page.getByLabel('Token').fill(TOKEN);
    await page.keyboard.press('Enter');
    await page.getByText('1 of 1 running').waitFor();
    await context.close();
    await server.close();
  });

  it('with a token asks for it, keeps it for the tab, and says when it is another one', async () => {
    const lab = await openLab();
    lab.stream('secret', 1);
    const run = await lab.run({ http: { port: 0, token: TOKEN }, sources: [pageSource('secret')] });
    const { page, context } = await visit(run.url, DESK);
    await page.getByLabel('Token').fill('another-one');
    await page.keyboard.press('Enter');
    await page.getByText('That is not the token of this process').waitFor();
    expect(await page.locator('#connectors').isVisible()).toBe(false);
    await page.getByLabel('Token').fill(TOKEN);
    await page.getByRole('button', { name: 'Show' }).click();
    await page.locator('#shards-body tr').first().waitFor();
    await page.reload();
    await page.locator('#shards-body tr').first().waitFor();
    await page.locator('#shards-body button').first().click();
    await page.locator('#look-go').click();
    await page.getByText(/0 records; there are no more/).waitFor();
    await context.close();
    await run.stop();
  });
});
