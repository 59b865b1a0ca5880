import { readFile } from 'node:fs/promises';
import { InvalidArgumentError } from 'commander';
import type { Emulator, PolicyDocument } from '../emulator';
import { ConnectorError, messageOf } from '../errors';

/** A file given to somebody or something by name. */
export interface NamedFile {
  readonly name: string;
  readonly file: string;
}

const EVERYBODY = '*';
const ANYBODY_MAY_ASSUME: PolicyDocument = {
  Statement: {
    Effect: 'Allow',
    Principal: '*',
    Action: ['sts:AssumeRole', 'sts:AssumeRoleWithWebIdentity'],
  },
};

/** Parser of `--policy [WHO=]FILE`. */
export function policyOption(text: string, before: readonly NamedFile[]): NamedFile[] {
  const [, name = EVERYBODY, file = ''] = /^(?:(arn:[^=]+|\w{1,128})=)?(.*)$/s.exec(text) ?? [];
  if (file === '') {
    throw new InvalidArgumentError('expected FILE, ACCESS_KEY_ID=FILE or ROLE_ARN=FILE.');
  }
  return [...before, { name, file }];
}

/** Parser of `--secret NAME=FILE`. */
export function secretOption(text: string, before: readonly NamedFile[]): NamedFile[] {
  const [, name, file] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (name === undefined || file === undefined) {
    throw new InvalidArgumentError('expected NAME=FILE.');
  }
  return [...before, { name, file }];
}

/** Bytes that are no UTF-8 become a binary secret. @throws ConnectorError CONFIG_UNREADABLE */
export async function putSecrets(emulator: Emulator, secrets: readonly NamedFile[]): Promise<void> {
  for (const { name, file } of secrets) {
    const bytes = await contentOf(file);
    const text = bytes.toString();
    emulator.secrets.put(name, Buffer.from(text).equals(bytes) ? text : bytes);
  }
}

/** Roles may be assumed by anybody. @throws ConnectorError CONFIG_UNREADABLE, USAGE */
export async function attachPolicies(emulator: Emulator, policies: readonly NamedFile[]): Promise<void> {
  for (const name of new Set(policies.map((policy) => policy.name))) {
    const documents: PolicyDocument[] = [];
    const files = policies.filter((policy) => policy.name === name).map(({ file }) => file);
    for (const file of files) {
      documents.push(...(await documentsOf(file)));
    }
    try {
      if (name.startsWith('arn:')) {
        emulator.iam.role(name, { trust: ANYBODY_MAY_ASSUME, policies: documents });
      } else {
        emulator.iam.attach(name, documents);
      }
    } catch (cause) {
      throw notPolicies(files.join(', '), cause);
    }
  }
}

/** One document, a list of them, or several one behind the other, as `iam policy` prints them. */
async function documentsOf(file: string): Promise<PolicyDocument[]> {
  const text = (await contentOf(file)).toString();
  try {
    return [JSON.parse(`[${text.trim().replace(/}\s*\n\s*{/g, '},{')}]`)].flat(2) as PolicyDocument[];
  } catch (cause) {
    throw notPolicies(file, cause);
  }
}

const notPolicies = (files: string, cause: unknown): ConnectorError =>
  new ConnectorError('USAGE', `the policies of ${files} cannot be used`, {
    expected: 'JSON policy documents, as `iam policy` prints them',
    found: messageOf(cause),
    cause,
  });

async function contentOf(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new ConnectorError('CONFIG_UNREADABLE', `${file} cannot be read: ${messageOf(cause)}`, { cause });
  }
}
