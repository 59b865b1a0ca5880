import { resolve } from 'node:path';
import { fileProblem, readText } from './named-file';
import { keyProblem, oauth2Client } from './oauth2-client';
import { describe, type ProblemList } from './problems';
import { kindsOf, propertyOf, type SchemaPlace, schemaRoot } from './schema';
import { hide, type SecretAt } from './secret';
import { get, isObject, textAt } from './tree';
import type { PulsarAuthentication, Secret } from './types';

const PATH = 'pulsar.authentication';

/** Of each kind: every one of its lists needs one option. */
const NEEDED: { readonly [type: string]: readonly (readonly string[])[] } = {
  token: [['token', 'tokenFile']],
  basic: [['userId'], ['password']],
  oauth2: [['issuerUrl'], ['privateKey', 'clientId']],
};

/** Options of which one makes the other needless. */
const EITHER = [
  ['token', 'tokenFile'],
  ['privateKey', 'clientId'],
  ['privateKey', 'clientSecret'],
] as const;

/** Reports what is wrong within `pulsar.authentication`, and files that cannot be read. */
export function authenticationProblems(authentication: unknown, folder: string, problems: ProblemList): void {
  const type = typeOf(authentication);
  strangers(authentication, type, problems);
  for (const [one, other] of EITHER) {
    if (get(authentication, one) !== undefined && get(authentication, other) !== undefined) {
      problems.add('CONFIG_CROSS_FIELD', `${PATH}.${other}`, {
        found: `${other} beside ${one}`,
        expected: 'one of the two',
        hint: 'Remove one of them.',
      });
    }
  }
  for (const names of NEEDED[type] ?? []) {
    if (names.every((name) => get(authentication, name) === undefined)) {
      problems.add('CONFIG_MISSING', `${PATH}.${names[0]}`, {
        found: 'nothing',
        expected: `${names.join(' or ')}, because type is ${type}`,
        hint: `Set ${names.at(-1)}; sensitive values are best given as references.`,
      });
    }
  }
  if (get(authentication, 'clientId') !== undefined && get(authentication, 'clientSecret') === undefined) {
    problems.add('CONFIG_MISSING', `${PATH}.clientSecret`, {
      found: 'nothing',
      expected: 'clientSecret beside clientId',
      hint: 'Give it as a reference to the environment or a file.',
    });
  }
  for (const name of ['tokenFile', 'trustCertsFilePath']) {
    fileProblem(textAt(authentication, name), `${PATH}.${name}`, folder, problems);
  }
  keyProblem(textAt(authentication, 'privateKey'), `${PATH}.privateKey`, folder, problems);
  issuerProblem(textAt(authentication, 'issuerUrl'), problems);
}

/** Options of one kind beside another kind. */
function strangers(authentication: unknown, type: string, problems: ProblemList): void {
  for (const [name, value] of Object.entries(isObject(authentication) ? authentication : {})) {
    const node = propertyOf(authenticationPlace(), name)?.node;
    const [kind] = kindsOf(node) ?? [];
    if (kind !== undefined && kind !== type) {
      problems.add('CONFIG_CROSS_FIELD', `${PATH}.${name}`, {
        found: describe(value, node?.['x-sensitive']),
        expected: `type ${kind}, where ${name} belongs`,
        hint: `Remove ${name}, or set type to ${kind}.`,
      });
    }
  }
}

function issuerProblem(issuer: string | undefined, problems: ProblemList): void {
  if (issuer !== undefined && !(URL.canParse(issuer) && /^https?:$/.test(new URL(issuer).protocol))) {
    problems.add('CONFIG_FORMAT', `${PATH}.issuerUrl`, {
      found: describe(issuer),
      expected: 'https://HOST/PATH',
      hint: 'The address below which /.well-known/openid-configuration is found.',
    });
  }
}

/** `type`, or the kind that the options given belong to. */
function typeOf(authentication: unknown): string {
  const given = Object.keys(isObject(authentication) ? authentication : {});
  const kinds = given.map((name) => kindsOf(propertyOf(authenticationPlace(), name)?.node)?.[0]);
  return textAt(authentication, 'type') ?? kinds.find((kind) => kind !== undefined) ?? 'none';
}

function authenticationPlace(): SchemaPlace {
  const pulsar = propertyOf(schemaRoot('connectors'), 'pulsar');
  const place = pulsar && propertyOf(pulsar, 'authentication');
  return place ?? schemaRoot('connectors');
}

/** @param value Valid, with its defaults. */
export function authenticationSettings(
  value: unknown,
  folder: string,
  secretAt: SecretAt,
): PulsarAuthentication {
  const text = (name: string): string => String(get(value, name));
  const secret = (name: string): Secret => secretAt(`${PATH}.${name}`) ?? hide(text(name));
  const path = (name: string): string | undefined => {
    const file = textAt(value, name);
    return file === undefined ? undefined : resolve(folder, file);
  };
  const type = typeOf(value);
  switch (type) {
    case 'token': {
      const file = path('tokenFile');
      const token = secret('token');
      return {
        type,
        token: async (stale) => {
          if (file !== undefined) {
            return (await readText(file)).trim();
          }
          if (token.reveal() === stale) {
            await token.renew?.();
          }
          return token.reveal();
        },
      };
    }
    case 'tls':
      return { type };
    case 'basic':
      return { type, userId: text('userId'), password: secret('password') };
    case 'oauth2': {
      const [audience, scope] = [textAt(value, 'audience'), textAt(value, 'scope')];
      const trustCertsFilePath = path('trustCertsFilePath');
      return {
        type,
        issuerUrl: text('issuerUrl'),
        client: oauth2Client(value, folder, secret),
        ...(audience === undefined ? {} : { audience }),
        ...(scope === undefined ? {} : { scope }),
        ...(trustCertsFilePath === undefined ? {} : { trustCertsFilePath }),
      };
    }
    default:
      return { type: 'none' };
  }
}
