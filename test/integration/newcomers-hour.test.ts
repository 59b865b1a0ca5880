import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConsoleSession, isShown, stepsOf } from '../support/console-session';
import { type CodeBlock, codeBlocks, page } from '../support/markdown';

/** Below those that systems give to whoever asks for any: such a one could be taken again before it is used. */
const PORTS = { from: 20_000, to: 30_000 };

/** A port that nobody listens on, in the place of one on the page. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(PORTS.from, PORTS.to);
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (isFree) {
      await new Promise((resolve) => server.close(resolve));
      return port;
    }
  }
}

test('every command of the newcomer’s hour does what the page shows', async () => {
  const emulator = await freePort();
  const http = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'newcomer-'));
  const session = new ConsoleSession(folder, { PULSAR_IO_KINESIS_HTTP_PORT: String(http) });
  const here = (block: CodeBlock): CodeBlock => ({
    ...block,
    text: block.text.replace(/\b4567\b/g, String(emulator)).replace(/\b8080\b/g, String(http)),
  });
  let commands = 0;
  try {
    for (const { name, language, text } of codeBlocks(page('docs/newcomers-hour.md')).map(here)) {
      if (name !== undefined) {
        writeFileSync(join(folder, name), text);
      }
      for (const step of language === 'console' ? stepsOf(text) : []) {
        await session.run(step);
        commands += 1;
      }
    }
  } finally {
    await session.close();
    rmSync(folder, { recursive: true });
  }
  expect(commands).toBeGreaterThan(20);
}, 120_000);

test.each([
  ['orders  …\n', 'orders  2024\n', true],
  ['orders  …\n', 'clicks  2024\n', false],
  ['a  b\n', 'a      b\n', true],
  ['a\n…\nd\n', 'a\nb\nc\nd\n', true],
  ['a\n…\nd\n', 'a\nd\n', true],
  ['a\n…\nd\n', 'a\nb\n', false],
  ['', 'a\n', false],
])('what a page shows, %j, is compared with what is printed, %j: %s', (shown, text, same) => {
  expect(isShown(shown, text)).toBe(same);
});
