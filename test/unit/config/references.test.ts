import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfigObject, resolveConfig } from '../../../src/config';
import { ProblemList } from '../../../src/config/problems';
import { resolveReferences } from '../../../src/config/references';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'config-'));
  writeFileSync(join(folder, 'token'), 'first\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

function resolve(value: unknown, environment: { readonly [name: string]: string } = {}): unknown {
  const problems = new ProblemList();
  const resolved = resolveReferences(value, '', {
    environment,
    folder,
    problems,
    isTemplate: () => false,
    references: new Map(),
    secrets: undefined,
    leadsToSecrets: () => false,
    secretTexts: new Map(),
  });
  expect(problems.all).toEqual([]);
  return resolved;
}

test('references are replaced in every text, at any depth and several in one', () => {
  const value = { a: [`\${env:X}-\${env:Y}`], b: { c: `\${file:token}` }, d: 5, e: true };
  expect(resolve(value, { X: '1', Y: '$2' })).toEqual({ a: ['1-$2'], b: { c: 'first' }, d: 5, e: true });
});

test('what a reference gives is not read again for references', () => {
  expect(resolve(`\${env:X}`, { X: `\${env:Y}`, Y: 'no' })).toBe(`\${env:Y}`);
});

test('a doubled dollar stands for itself', () => {
  expect(resolve(`$\${env:X}`)).toBe(`\${env:X}`);
});

test('every reference that leads nowhere is a problem of its own', () => {
  const raw = {
    name: `\${env:NAME}`,
    topicName: `persistent://public/default/\${shard:x}`,
    configs: {
      awsKinesisStreamName: `\${file:nothing}`,
      awsRegion: 'eu-central-1',
      applicationName: `\${what:x}`,
    },
  };
  const { problems } = resolveConfig(raw, join(folder, 'x.yaml'), { env: {} });
  expect(problems.map(({ path, code }) => `${path} ${code}`)).toEqual([
    'name CONFIG_REFERENCE',
    'topicName CONFIG_REFERENCE',
    'configs.awsKinesisStreamName CONFIG_REFERENCE',
    'configs.applicationName CONFIG_REFERENCE',
  ]);
});

test('a token file is read again for every connection', async () => {
  const raw = {
    pulsar: { authentication: { tokenFile: 'token' } },
    sources: [
      { name: 'o', topicName: 'o', configs: { awsKinesisStreamName: 'o', awsRegion: 'eu-central-1' } },
    ],
  };
  const { pulsar } = loadConfigObject(raw, join(folder, 'x.yaml'), { env: {} });
  const token = (): Promise<string> =>
    pulsar.authentication.type === 'token' ? pulsar.authentication.token() : Promise.resolve('none');
  expect(await token()).toBe('first');
  writeFileSync(join(folder, 'token'), 'second\n');
  expect(await token()).toBe('second');
});

test('a key named like a part of every object is a key like any other', () => {
  const raw = JSON.parse(
    '{"name":"o","topicName":"o","configs":{"__proto__":{"awsRegion":"x"},"toString":1}}',
  );
  const { problems } = resolveConfig(raw, 'x.json', { env: {} });
  const unknown = problems.filter(({ code }) => code === 'CONFIG_UNKNOWN_KEY').map(({ path }) => path);
  expect(unknown).toEqual(['configs.__proto__', 'configs.toString']);
});

test('what a flag replaces need not resolve, and what it gives is taken as it is', () => {
  const raw = {
    pulsar: { serviceUrl: `\${env:MISSING}` },
    sources: [
      { name: 'o', topicName: 'o', configs: { awsKinesisStreamName: 'o', awsRegion: 'eu-central-1' } },
    ],
  };
  const overrides = { 'pulsar.serviceUrl': `memory://\${env:X}` };
  const { pulsar } = loadConfigObject(raw, 'x.yaml', { env: {}, overrides });
  expect(pulsar.serviceUrl).toBe(`memory://\${env:X}`);
});
