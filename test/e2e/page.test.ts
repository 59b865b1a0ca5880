import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { processEnvironment } from '../../src/config';
import { systemRandom } from '../../src/util/random';
import { until } from '../support/instances-lab';
import { PageLab, pageSink, pageSource, type ServedRun } from '../support/page-lab';

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
    await page.getByText(/The process does not answer. What is shown here is from \d\d:/).waitFor();
    await page.locator('#health').getByText('no answer').waitFor();
    await context.close();
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
