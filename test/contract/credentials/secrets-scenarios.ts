import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
} from '@aws-sdk/client-secrets-manager';
import { type CredentialClients, outcome } from './clients';
import type { Scenario } from './scenario';

const ID = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
const ARN = expect.stringMatching(/^arn:aws:secretsmanager:us-east-1:\d{12}:secret:.+-[A-Za-z0-9]{6}$/);
const TOKENS = ['1', '2', '3'].map((digit) => `${digit.repeat(8)}-0000-4000-8000-${digit.repeat(12)}`);
const [FIRST = '', SECOND = '', THIRD = ''] = TOKENS;

const create = ({ secrets }: CredentialClients, Name: string, input: object = { SecretString: 'one' }) =>
  secrets.send(new CreateSecretCommand({ Name, ...input }));
const get = ({ secrets }: CredentialClients, SecretId: string | undefined, input: object = {}) =>
  secrets.send(new GetSecretValueCommand({ SecretId, ...input }));
const put = ({ secrets }: CredentialClients, SecretId: string, input: object) =>
  secrets.send(new PutSecretValueCommand({ SecretId, ...input }));

/** A secret with three versions, the newest `three`. */
async function rotated(clients: CredentialClients, name: string): Promise<void> {
  await create(clients, name, { SecretString: 'one', ClientRequestToken: FIRST });
  await put(clients, name, { SecretString: 'two', ClientRequestToken: SECOND });
  await put(clients, name, { SecretString: 'three', ClientRequestToken: THIRD });
}

/** What is found of a secret with three versions. */
const afterRotation = (title: string, input: object, aws: object, moto?: object): Scenario => ({
  title,
  run: async (clients, name) => {
    await rotated(clients, name);
    return outcome(get(clients, name, input));
  },
  aws,
  ...(moto && { moto }),
});

const refused = (error: string, message: unknown) => ({ error, message, status: 400 });
const notFound = (what: string) =>
  refused('ResourceNotFoundException', `Secrets Manager can't find the specified secret${what}`);
const NO_SECRET = notFound('.');
const DISAGREE = refused(
  'InvalidRequestException',
  'You provided a VersionStage that is not associated to the provided VersionId.',
);
/** The status of moto for whatever is not there; of AWS all of these have 400. */
const in404 = (refusal: object) => ({ ...refusal, status: 404 });
const noSuch = (version: string) => notFound(` value for ${version}`);

/** Source: Secrets Manager API. */
export const SECRETS_SCENARIOS: readonly Scenario[] = [
  {
    title: 'text comes back as text, with its version',
    run: async (clients, name) => {
      await create(clients, name);
      return outcome(get(clients, name));
    },
    aws: {
      ARN,
      Name: expect.any(String),
      SecretString: 'one',
      VersionId: ID,
      VersionStages: ['AWSCURRENT'],
      CreatedDate: expect.any(Date),
    },
  },
  {
    title: 'bytes come back as bytes',
    run: async (clients, name) => {
      await create(clients, name, { SecretBinary: Uint8Array.of(0, 255, 128) });
      const { SecretBinary, SecretString } = await get(clients, name);
      return { bytes: [...(SecretBinary ?? [])], text: SecretString };
    },
    aws: { bytes: [0, 255, 128], text: undefined },
  },
  {
    title: 'a secret is found by its ARN, whole and without the last six signs',
    run: async (clients, name) => {
      const { ARN: arn = '' } = await create(clients, name);
      const ids = [arn, arn.slice(0, -7)];
      return Promise.all(ids.map(async (id) => (await get(clients, id)).SecretString));
    },
    aws: ['one', 'one'],
  },
  {
    title: 'a name that ends like an ARN is a name',
    run: async (clients, name) => {
      await create(clients, `${name}-abcdef`);
      return outcome(get(clients, name));
    },
    aws: NO_SECRET,
    moto: in404(NO_SECRET),
  },
  {
    title: 'a secret that is not there is not found',
    run: (clients, name) => outcome(get(clients, name)),
    aws: NO_SECRET,
    moto: in404(NO_SECRET),
  },
  {
    title: 'an ARN with other last signs is not found',
    run: async (clients, name) => {
      const { ARN: arn = '' } = await create(clients, name);
      return outcome(get(clients, `${arn.slice(0, -6)}zzzzzz`));
    },
    aws: NO_SECRET,
    moto: in404(NO_SECRET),
  },
  {
    title: 'a secret without a value has none that is current',
    run: async (clients, name) => {
      await create(clients, name, {});
      return outcome(get(clients, name));
    },
    aws: noSuch('staging label: AWSCURRENT'),
    moto: in404(noSuch('staging label: AWSCURRENT')),
  },
  afterRotation(
    'the newest value is current',
    {},
    expect.objectContaining({ SecretString: 'three', VersionId: THIRD, VersionStages: ['AWSCURRENT'] }),
  ),
  afterRotation(
    'the one before is previous',
    { VersionStage: 'AWSPREVIOUS' },
    expect.objectContaining({ SecretString: 'two', VersionId: SECOND, VersionStages: ['AWSPREVIOUS'] }),
  ),
  afterRotation(
    'a version has its id also when it has no stage any more',
    { VersionId: FIRST },
    expect.objectContaining({ SecretString: 'one', VersionId: FIRST }),
  ),
  afterRotation(
    'a version that is not there is not found',
    { VersionId: '4'.repeat(32) },
    noSuch(`VersionId: ${'4'.repeat(32)}`),
    in404(noSuch(`VersionId: ${'4'.repeat(32)}`)),
  ),
  afterRotation(
    'a stage that is not there is not found',
    { VersionStage: 'NEXT' },
    noSuch('staging label: NEXT'),
    in404(NO_SECRET),
  ),
  afterRotation(
    'a version and a stage that do not agree are refused',
    { VersionId: FIRST, VersionStage: 'AWSCURRENT' },
    DISAGREE,
    in404(DISAGREE),
  ),
  {
    title: 'its versions are described by their stages',
    run: async (clients, name) => {
      await rotated(clients, name);
      const { VersionIdsToStages } = await clients.secrets.send(
        new DescribeSecretCommand({ SecretId: name }),
      );
      return VersionIdsToStages ?? {};
    },
    aws: { [THIRD]: ['AWSCURRENT'], [SECOND]: ['AWSPREVIOUS'] },
    // One without a stage, which AWS does not name.
    moto: { [THIRD]: ['AWSCURRENT'], [SECOND]: ['AWSPREVIOUS'], [FIRST]: [] },
  },
  {
    title: 'a secret is not created twice',
    run: async (clients, name) => {
      await create(clients, name);
      return outcome(create(clients, name, { SecretString: 'other' }));
    },
    aws: refused('ResourceExistsException', expect.stringContaining('already exists')),
  },
  {
    title: 'the same version again changes nothing',
    run: async (clients, name) => {
      await rotated(clients, name);
      await put(clients, name, { SecretString: 'three', ClientRequestToken: THIRD });
      const { SecretString } = await get(clients, name, { VersionStage: 'AWSPREVIOUS' });
      return { previous: SecretString };
    },
    aws: { previous: 'two' },
  },
  {
    title: 'a version does not get another value',
    run: async (clients, name) => {
      await rotated(clients, name);
      return outcome(put(clients, name, { SecretString: 'four', ClientRequestToken: THIRD }));
    },
    aws: refused('ResourceExistsException', expect.stringContaining(THIRD)),
  },
  {
    title: 'a secret that is not there gets no value',
    run: (clients, name) => outcome(put(clients, name, { SecretString: 'one' })),
    aws: NO_SECRET,
    moto: in404(NO_SECRET),
  },
];
