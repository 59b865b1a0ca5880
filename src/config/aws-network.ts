import { resolve } from 'node:path';
import { awsValue, type Spelling } from './aws-spellings';
import { fileProblem } from './named-file';
import { joinPath } from './path';
import type { ProblemList } from './problems';
import { heldSecret, hide, STARS } from './secret';
import { get, isObject, type JsonObject, textAt } from './tree';
import type { AwsClientOptions, AwsSettings, ProxySettings } from './types';

/** Settings that choose the endpoints of every service. */
const KINDS_OF_ENDPOINTS = ['useFipsEndpoint', 'useDualstackEndpoint'] as const;
const SERVICES = ['kinesis', 'dynamodb', 'cloudwatch', 'sts', 'secretsManager'];

/** Reports what is wrong between the settings of `aws` that say how AWS is reached. */
export function networkProblems(
  configs: JsonObject,
  spellings: readonly Spelling[],
  path: string,
  problems: ProblemList,
): void {
  const inside = joinPath(path, 'aws');
  proxyProblems(get(configs, 'aws', 'proxy'), joinPath(inside, 'proxy'), problems);
  const own = SERVICES.filter((service) => awsValue(configs, spellings, 'endpoints', service) !== undefined);
  for (const name of KINDS_OF_ENDPOINTS) {
    if (get(configs, 'aws', name) === true && own.length > 0) {
      problems.add('CONFIG_CROSS_FIELD', joinPath(inside, name), {
        found: `true, beside an endpoint of ${own.join(', ')}`,
        expected: 'no endpoints beside it: it chooses those of every service',
        hint: `Give every endpoint by hand, or remove them, or ${name}.`,
      });
    }
  }
}

function proxyProblems(proxy: unknown, path: string, problems: ProblemList): void {
  const url = textAt(proxy, 'url');
  if (url !== undefined && !URL.canParse(url)) {
    problems.add('CONFIG_FORMAT', joinPath(path, 'url'), {
      found: STARS,
      expected: 'http://HOST:PORT or https://HOST:PORT',
      hint: 'For example http://proxy.example:3128.',
    });
    return;
  }
  const inUrl = url !== undefined && new URL(url).username !== '';
  const [username, password] = [textAt(proxy, 'username'), textAt(proxy, 'password')];
  if (inUrl && (username ?? password) !== undefined) {
    problems.add('CONFIG_CROSS_FIELD', joinPath(path, username === undefined ? 'password' : 'username'), {
      found: 'a user beside the one in url',
      expected: 'one of the two',
      hint: 'Keep the user in url, or username and password.',
    });
  } else if (username === undefined && password !== undefined) {
    problems.add('CONFIG_CROSS_FIELD', joinPath(path, 'password'), {
      found: 'a password without a user',
      expected: 'username beside it',
      hint: 'Set username.',
    });
  }
}

/** @param complete Valid `configs` with every default. @param held The same as given, secrets still wrapped. */
export function networkSettings(
  complete: JsonObject,
  held: unknown,
): Pick<AwsSettings, 'proxy' | 'caFile' | 'useFipsEndpoint' | 'useDualstackEndpoint' | 'clientOptions'> {
  const { aws, awsClientOptions: options } = complete;
  const proxy = get(aws, 'proxy');
  const caFile = textAt(aws, 'caFile');
  return {
    ...(isObject(proxy) ? { proxy: proxySettings(proxy, get(held, 'aws', 'proxy')) } : {}),
    ...(caFile === undefined ? {} : { caFile }),
    ...(get(aws, 'useFipsEndpoint') === true ? { useFipsEndpoint: true } : {}),
    ...(get(aws, 'useDualstackEndpoint') === true ? { useDualstackEndpoint: true } : {}),
    ...(isObject(options) ? { clientOptions: options as AwsClientOptions } : {}),
  };
}

function proxySettings(proxy: JsonObject, held: unknown): ProxySettings {
  const { protocol, host, username: user, password: word } = new URL(String(proxy.url));
  const username = textAt(proxy, 'username') ?? decoded(user);
  const password = heldSecret(get(held, 'password')) ?? hide(textAt(proxy, 'password') ?? decoded(word));
  const entries = (textAt(proxy, 'noProxy') ?? '').split(/[\s,]+/);
  return {
    url: `${protocol}//${host}`,
    ...(username === '' ? {} : { credentials: { username, password } }),
    noProxy: entries.filter((entry) => entry !== ''),
  };
}

/** A part of an address; as it is when it is not encoded. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const WITH_CREDENTIALS = ['credentials', 'dynamoCredentials', 'base'];

/** `aws` with absolute paths of the files that it names; relative ones start from `folder`. */
export function withAbsoluteFiles(aws: unknown, folder: string): unknown {
  if (!isObject(aws)) {
    return aws;
  }
  return Object.fromEntries(
    Object.entries(aws).map(([name, value]) => {
      if (WITH_CREDENTIALS.includes(name)) {
        return [name, withAbsoluteFiles(value, folder)];
      }
      const isFile = (name === 'caFile' || name === 'tokenFile') && typeof value === 'string' && value !== '';
      return [name, isFile ? resolve(folder, value) : value];
    }),
  );
}

/** Reports files named by `aws` that cannot be read. */
export function awsFileProblems(aws: unknown, path: string, folder: string, problems: ProblemList): void {
  for (const name of ['caFile', 'tokenFile']) {
    fileProblem(textAt(aws, name), joinPath(path, name), folder, problems);
  }
  for (const name of WITH_CREDENTIALS) {
    const inner = get(aws, name);
    if (isObject(inner)) {
      awsFileProblems(inner, joinPath(path, name), folder, problems);
    }
  }
}
