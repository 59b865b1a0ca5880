import type { Random } from '../../util/random';
import { type Caller, type ServiceClock, ServiceError, type ServiceModel } from '../service-model';
import { type Field, type InputOf, readInput, refuseUnknown, type Shape } from '../shape';
import type { Secret, SecretValue, SecretVersion } from './secret';
import { type SecretPlace, Secrets } from './secrets';

const SECRET_ID = { type: 'String', required: true, min: 1, max: 2048 } as const satisfies Field;
const TOKEN = { type: 'String', min: 32, max: 64 } as const satisfies Field;
const VALUE = {
  SecretString: { type: 'String', min: 1, max: 65_536 },
  SecretBinary: { type: 'Blob' },
} as const satisfies Shape;

const SHAPES = {
  CreateSecret: {
    Name: { type: 'String', required: true, min: 1, max: 512 },
    ClientRequestToken: TOKEN,
    ...VALUE,
  },
  DescribeSecret: { SecretId: SECRET_ID },
  GetSecretValue: {
    SecretId: SECRET_ID,
    VersionId: TOKEN,
    VersionStage: { type: 'String', min: 1, max: 256 },
  },
  PutSecretValue: { SecretId: SECRET_ID, ClientRequestToken: TOKEN, ...VALUE },
} as const satisfies { readonly [operation: string]: Shape };

type Operations = {
  readonly [N in keyof typeof SHAPES]: (input: InputOf<(typeof SHAPES)[N]>, place: SecretPlace) => object;
};

/** Secrets Manager as far as secrets are read and rotated, without sockets. */
export interface SecretsManagerModel extends ServiceModel {
  /**
   * Creates a secret, or gives it a new version: what was current is AWSPREVIOUS then.
   * @param place the emulator's own account and region where it says nothing
   * @returns its ARN
   */
  put(name: string, value: SecretValue, place?: Partial<SecretPlace>): string;
  /** @param id name, ARN, or ARN without its last six signs; undefined when there is no such secret */
  arnOf(id: string, place: SecretPlace): string | undefined;
}

/**
 * Parameters that it does not know it refuses.
 * @param own where names are looked up when the caller does not say where it is. Source: Secrets Manager API.
 */
export function createSecretsManagerModel(
  clock: ServiceClock,
  random: Random,
  own: SecretPlace,
): SecretsManagerModel {
  const secrets = new Secrets(random);
  const newId = (): string => random.hex(16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  const operations: Operations = {
    CreateSecret: (input, place) => {
      const value = secretValue(input);
      const secret = secrets.create(input.Name, place);
      return value === undefined
        ? nameOf(secret)
        : put(secret, value, input.ClientRequestToken, ['VersionId']);
    },
    DescribeSecret: ({ SecretId }, place) => describe(secrets.secret(SecretId, place)),
    GetSecretValue: ({ SecretId, VersionId, VersionStage }, place) => {
      const secret = secrets.secret(SecretId, place);
      const version = secret.version(VersionId, VersionStage);
      return {
        ...answerOf(secret, version, ['VersionId', 'VersionStages', 'CreatedDate']),
        ...wireValue(version),
      };
    },
    PutSecretValue: (input, place) => {
      const secret = secrets.secret(input.SecretId, place);
      const value = secretValue(input);
      if (value === undefined) {
        throw invalidParameter('You must provide either SecretString or SecretBinary.');
      }
      return put(secret, value, input.ClientRequestToken, ['VersionId', 'VersionStages']);
    },
  };
  const put = (
    secret: Secret,
    value: SecretValue,
    id: string | undefined,
    members: readonly (keyof VersionMembers)[],
  ): object => answerOf(secret, secret.put(id ?? newId(), value, clock.now()), members);
  return {
    target: 'secretsmanager',
    operations: Object.keys(SHAPES),
    put: (name, value, place) => {
      const where = { ...own, ...place };
      const secret = secrets.find(name, where) ?? secrets.create(name, where);
      secret.put(newId(), value, clock.now());
      return secret.arn;
    },
    arnOf: (id, place) => secrets.find(id, place)?.arn,
    invoke: (name, input, caller) => {
      if (!Object.hasOwn(SHAPES, name)) {
        throw new ServiceError('UnknownOperationException', `${name} is not emulated.`);
      }
      const operation = name as keyof Operations;
      refuseUnknown(SHAPES[operation], input);
      const run = operations[operation] as (input: unknown, place: SecretPlace) => object;
      return run(readInput(SHAPES[operation], input), placeOf(caller, own));
    },
  };
}

const placeOf = (caller: Caller | undefined, own: SecretPlace): SecretPlace => ({
  region: caller?.region ?? own.region,
  account: caller?.account ?? own.account,
});

/** @throws ServiceError when there are two */
function secretValue(input: {
  readonly SecretString?: string | undefined;
  readonly SecretBinary?: string | undefined;
}): SecretValue | undefined {
  const { SecretString: text, SecretBinary: bytes } = input;
  if (text !== undefined && bytes !== undefined) {
    throw invalidParameter("You can't specify both a binary secret value and a string secret value.");
  }
  return bytes === undefined ? text : Buffer.from(bytes, 'base64');
}

const wireValue = ({ value }: SecretVersion): object =>
  typeof value === 'string'
    ? { SecretString: value }
    : { SecretBinary: Buffer.from(value).toString('base64') };

interface VersionMembers {
  readonly VersionId: string;
  readonly VersionStages: readonly string[];
  /** Seconds since the epoch. */
  readonly CreatedDate: number;
}

const nameOf = ({ arn, name }: Secret) => ({ ARN: arn, Name: name });

function answerOf(
  secret: Secret,
  version: SecretVersion,
  members: readonly (keyof VersionMembers)[],
): object {
  const all: VersionMembers = {
    VersionId: version.id,
    VersionStages: version.stages,
    CreatedDate: version.createdAt / 1000,
  };
  return { ...nameOf(secret), ...Object.fromEntries(members.map((member) => [member, all[member]])) };
}

function describe(secret: Secret): object {
  const staged = secret.versions.filter(({ stages }) => stages.length > 0);
  return {
    ...nameOf(secret),
    VersionIdsToStages: Object.fromEntries(staged.map(({ id, stages }) => [id, stages])),
  };
}

const invalidParameter = (message: string): ServiceError =>
  new ServiceError('InvalidParameterException', message);
