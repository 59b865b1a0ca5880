import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attachPolicies, policyOption, putSecrets, secretOption } from '../../../src/cli/emulator-access';
import { type Emulator, startEmulator } from '../../../src/emulator';

const KEY = 'AKIDEXAMPLE12345';
const ROLE = 'arn:aws:iam::111122223333:role/reader';

let folder: string;
let emulator: Emulator;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'emulator-access-'));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  emulator = await startEmulator();
});
afterEach(() => emulator.close());

async function file(content: string | Uint8Array): Promise<string> {
  const path = join(folder, 'content');
  await writeFile(path, content);
  return path;
}

const authorization = (accessKeyId: string): string =>
  `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20260101/us-east-1/any/aws4_request, Signature=0`;

/** Names of the streams, or the code of the refusal. */
async function listing(accessKeyId: string): Promise<unknown> {
  const answer = await fetch(emulator.kinesisEndpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'Kinesis_20131202.ListStreams',
      authorization: authorization(accessKeyId),
    },
    body: '{}',
  });
  const body = (await answer.json()) as { readonly StreamNames?: unknown; readonly __type?: unknown };
  return body.StreamNames ?? body.__type;
}

const policy = (Action: string) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action, Resource: '*' }],
});

describe('--policy', () => {
  it.each<[string, object[]]>([
    ['one document', [policy('kinesis:List*')]],
    ['several, one behind the other', [policy('dynamodb:*'), policy('kinesis:List*')]],
    ['a list of documents', [[policy('dynamodb:*'), policy('kinesis:List*')]]],
  ])('takes %s', async (_what, documents) => {
    for (const space of [undefined, 2]) {
      const path = await file(documents.map((one) => JSON.stringify(one, null, space)).join('\n'));
      await attachPolicies(emulator, policyOption(path, []));
      expect(await listing(KEY)).toEqual([]);
    }
    await attachPolicies(emulator, policyOption(await file(JSON.stringify(policy('dynamodb:*'))), []));
    expect(await listing(KEY)).toBe('AccessDeniedException');
  });

  it('takes any key that a configuration may have for the emulator', () => {
    expect(policyOption('emulator=a.json', [])).toEqual([{ name: 'emulator', file: 'a.json' }]);
    expect(policyOption('./emulator=a.json', [])).toEqual([{ name: '*', file: './emulator=a.json' }]);
  });

  it('is about one access key, or one role that anybody may assume, when it names it', async () => {
    const all = await file(JSON.stringify(policy('*')));
    const given = policyOption(`${ROLE}=${all}`, policyOption(`${KEY}=${all}`, []));
    await attachPolicies(emulator, given);
    expect([await listing(KEY), await listing('AKIDANOTHER12345')]).toEqual([
      [],
      'UnrecognizedClientException',
    ]);
    const assumed = await fetch(emulator.kinesisEndpoint, {
      method: 'POST',
      headers: { authorization: authorization(KEY) },
      body: new URLSearchParams({
        Action: 'AssumeRole',
        Version: '2011-06-15',
        RoleArn: ROLE,
        RoleSessionName: 'me',
      }),
    });
    expect(assumed.status).toBe(200);
  });

  it.each([
    ['no JSON', '{"Statement":'],
    ['no policy', '{"Effect":"Allow"}'],
    [
      'a policy that AWS would refuse',
      JSON.stringify({ Statement: [{ Effect: 'Allow', Action: 'x', Resource: '*' }] }),
    ],
  ])('refuses %s, naming the file', async (_what, content) => {
    const path = await file(content);
    await expect(attachPolicies(emulator, policyOption(path, []))).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(path),
    });
  });
});

describe('--secret', () => {
  const read = (SecretId: string) => emulator.secrets.invoke('GetSecretValue', { SecretId });

  it('keeps text as text, and anything else as bytes', async () => {
    await putSecrets(emulator, secretOption(`text=${await file('pass=wörd\n')}`, []));
    await putSecrets(emulator, secretOption(`bytes=${await file(Uint8Array.of(0xff, 0))}`, []));
    expect(read('text')).toMatchObject({ SecretString: 'pass=wörd\n' });
    expect(read('bytes')).toMatchObject({ SecretBinary: '/wA=' });
  });

  it('says which file it cannot read', async () => {
    const path = join(folder, 'missing');
    await expect(putSecrets(emulator, secretOption(`text=${path}`, []))).rejects.toMatchObject({
      code: 'CONFIG_UNREADABLE',
      message: expect.stringContaining(path),
    });
  });

  it.each(['', 'name', '=file', 'name='])('%j is no secret', (text) => {
    expect(() => secretOption(text, [])).toThrow('expected NAME=FILE');
  });
});
