import {
  AssumeRoleCommand,
  AssumeRoleWithWebIdentityCommand,
  GetCallerIdentityCommand,
} from '@aws-sdk/client-sts';
import { systemClock } from '../../../src/util/clock';
import { type CredentialClients, credentialClients, outcome } from './clients';
import type { Scenario } from './scenario';

const RoleArn = 'arn:aws:iam::111122223333:role/team/reader';
const RoleSessionName = 'connector';
const SESSION_ARN = 'arn:aws:sts::111122223333:assumed-role/reader/connector';

const CREDENTIALS = {
  AccessKeyId: expect.stringMatching(/^ASIA[0-9A-Z]{16}$/),
  SecretAccessKey: expect.stringMatching(/^.{40}$/),
  SessionToken: expect.stringMatching(/^.{100,}$/),
  Expiration: expect.any(Date),
};
const ASSUMED = {
  AssumedRoleId: expect.stringMatching(/^AROA[0-9A-Z]{17}:connector$/),
  Arn: SESSION_ARN,
};
/** moto says how large the policies of a session are, though it has none. */
const MOTO_SESSION = { Credentials: CREDENTIALS, AssumedRoleUser: ASSUMED, PackedPolicySize: 6 };
/** moto does not look at that. */
const MOTO_GIVES = expect.objectContaining({ Credentials: CREDENTIALS });

const assume = ({ sts }: CredentialClients, input: object = {}) =>
  sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName, ...input }));

const secondsLeft = (expiration: Date | undefined): number =>
  Math.round(((expiration?.getTime() ?? 0) - systemClock.now()) / 10_000) * 10;

/** Of a provider; nobody checks its signature here. */
function token(claims: object): string {
  const now = Math.floor(systemClock.now() / 1000);
  const all = {
    iss: 'https://tokens.example.org',
    sub: 'me',
    aud: 'sts.amazonaws.com',
    exp: now + 600,
    ...claims,
  };
  const parts = [{ alg: 'RS256', typ: 'JWT' }, all].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  return [...parts, 'AAAA'].join('.');
}

const withToken = ({ sts }: CredentialClients, WebIdentityToken: string, input: object = {}) =>
  sts.send(new AssumeRoleWithWebIdentityCommand({ RoleArn, RoleSessionName, WebIdentityToken, ...input }));

const invalid = (constraint: string) => ({
  error: 'ValidationError',
  status: 400,
  message: expect.stringContaining(constraint),
});

/** Source: STS API. */
export const STS_SCENARIOS: readonly Scenario[] = [
  {
    title: 'whoever asks is told who that is',
    run: ({ sts }) => outcome(sts.send(new GetCallerIdentityCommand({}))),
    aws: {
      Account: expect.stringMatching(/^\d{12}$/),
      Arn: expect.stringMatching(/^arn:aws:iam::\d{12}:user\/\S+$/),
      UserId: expect.stringMatching(/^AIDA[0-9A-Z]{17}$/),
    },
    // The user is one of STS, and its id that of an access key.
    moto: {
      Account: '123456789012',
      Arn: 'arn:aws:sts::123456789012:user/moto',
      UserId: expect.stringMatching(/^AKIA/),
    },
  },
  {
    title: 'an assumed role gives credentials of its session',
    run: (clients) => outcome(assume(clients)),
    aws: { Credentials: CREDENTIALS, AssumedRoleUser: ASSUMED },
    moto: MOTO_SESSION,
  },
  {
    title: 'who signs with them is that session',
    run: async (clients) => {
      const { Credentials: got } = await assume(clients);
      const endpoint = await clients.sts.config.endpoint?.();
      const { sts } = credentialClients(`${endpoint?.protocol}//${endpoint?.hostname}:${endpoint?.port}`, {
        accessKeyId: got?.AccessKeyId ?? '',
        secretAccessKey: got?.SecretAccessKey ?? '',
        sessionToken: got?.SessionToken ?? '',
      });
      return outcome(sts.send(new GetCallerIdentityCommand({})));
    },
    aws: { Account: '111122223333', Arn: SESSION_ARN, UserId: ASSUMED.AssumedRoleId },
  },
  {
    title: 'credentials last an hour, or as long as was asked',
    run: async (clients) => {
      const answers = await Promise.all(
        [{}, { DurationSeconds: 900 }].map((input) => assume(clients, input)),
      );
      return answers.map(({ Credentials: got }) => secondsLeft(got?.Expiration));
    },
    aws: [3600, 900],
  },
  ...[899, 43_201].map((DurationSeconds) => ({
    title: `credentials for ${DurationSeconds} seconds are not given`,
    run: (clients: CredentialClients) => outcome(assume(clients, { DurationSeconds })),
    aws: invalid("'durationSeconds' failed to satisfy constraint: Member must have value"),
    moto: MOTO_GIVES,
  })),
  {
    title: 'a session name of one sign is refused',
    run: (clients) => outcome(assume(clients, { RoleSessionName: 'x' })),
    aws: invalid('greater than or equal to 2'),
    moto: MOTO_GIVES,
  },
  {
    title: 'a session name of 65 signs is refused',
    run: (clients) => outcome(assume(clients, { RoleSessionName: 'x'.repeat(65) })),
    aws: invalid('less than or equal to 64'),
    // With a space too many.
    moto: invalid('less than or  equal to 64'),
  },
  {
    title: 'a session name with a space is refused',
    run: (clients) => outcome(assume(clients, { RoleSessionName: 'a b' })),
    aws: invalid('regular expression pattern: [\\w+=,.@-]*'),
    moto: MOTO_GIVES,
  },
  {
    title: 'what is no ARN of a role is refused',
    run: (clients) => outcome(assume(clients, { RoleArn: 'arn:aws:s3:::somewhere-else' })),
    aws: { error: 'ValidationError', status: 400, message: 'arn:aws:s3:::somewhere-else is invalid' },
    moto: MOTO_GIVES,
  },
  {
    title: 'a token of a provider gives credentials as well',
    run: (clients) => outcome(withToken(clients, token({}))),
    aws: {
      Credentials: CREDENTIALS,
      AssumedRoleUser: ASSUMED,
      SubjectFromWebIdentityToken: 'me',
      Audience: 'sts.amazonaws.com',
      Provider: 'tokens.example.org',
    },
    moto: MOTO_GIVES,
  },
  {
    title: 'a token that has expired is refused',
    run: (clients) => outcome(withToken(clients, token({ exp: 1_700_000_000 }))),
    aws: {
      error: 'ExpiredTokenException',
      status: 400,
      message: expect.stringMatching(
        /^Token expired: current date\/time \d+ must be before the expiration date\/time 1700000000$/,
      ),
    },
    moto: MOTO_GIVES,
  },
  {
    title: 'what is no token is refused',
    run: (clients) => outcome(withToken(clients, 'no token')),
    aws: { error: 'InvalidIdentityTokenException', status: 400, message: expect.stringContaining('JWT') },
    moto: MOTO_GIVES,
  },
];
