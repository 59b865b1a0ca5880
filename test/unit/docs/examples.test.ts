import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { loadConfigObject } from '../../../src/config';
import { codeBlocks, page, pages } from '../../support/markdown';

/** What the examples refer to. */
const SECRETS = mkdtempSync(join(tmpdir(), 'secrets-'));

beforeAll(() => writeFileSync(join(SECRETS, 'file'), 'made-up'));
afterAll(() => rmSync(SECRETS, { recursive: true }));

/** What an example leaves out because it is about something else. */
const BASE = { pulsar: { serviceUrl: 'pulsar://localhost:6650' }, aws: { region: 'eu-central-1' } };

const examples = pages().flatMap((path) =>
  codeBlocks(page(path))
    .filter(({ language, text }) => language === 'yaml' && /^(sources|sinks):$/m.test(text))
    .map(({ text }, at) => [`${path}, ${at + 1}`, text] as const),
);

test('there are examples', () => {
  expect(examples.length).toBeGreaterThan(3);
});

test.each(examples)('the configuration in %s is valid', (_where, text) => {
  const known = text
    .replaceAll(/\/run\/secrets\/[\w./-]+/g, join(SECRETS, 'file'))
    .replaceAll(/\$\{(?:env|file|secret):[^}]+\}/g, 'made-up-value');
  const raw = parse(known);
  const config = { ...BASE, ...raw, aws: { ...BASE.aws, ...raw.aws } };
  expect(() => loadConfigObject(config, 'example', { env: {} })).not.toThrow();
});
