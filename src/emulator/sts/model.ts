import { type Identities, type Role, type Session, uniqueId } from '../iam/identities';
import { type Caller, type ServiceClock, ServiceError, type ServiceModel } from '../service-model';
import { type InputOf, readInput, refuseUnknown, type Shape } from '../shape';
import { checkExpiry, webIdentityOf } from './web-identity';

/** Of a role assumed by the session of another one. Source: STS API, AssumeRole. */
const CHAINED_SECONDS = 3600;
const DEFAULT_SECONDS = 3600;

const ROLE_SESSION = {
  RoleArn: {
    type: 'String',
    required: true,
    min: 20,
    max: 2048,
    pattern: '[\\u0009\\u000A\\u000D\\u0020-\\u007E]+',
  },
  RoleSessionName: { type: 'String', required: true, min: 2, max: 64, pattern: '[\\w+=,.@-]*' },
  DurationSeconds: { type: 'Integer', min: 900, max: 43_200 },
} as const satisfies Shape;

const ASSUME_ROLE = {
  ...ROLE_SESSION,
  ExternalId: { type: 'String', min: 2, max: 1224, pattern: '[\\w+=,.@:\\/-]*' },
} as const satisfies Shape;

const WITH_WEB_IDENTITY = {
  ...ROLE_SESSION,
  WebIdentityToken: { type: 'String', required: true, min: 4, max: 20_000 },
} as const satisfies Shape;

type Operation = (input: unknown, caller: Caller) => object;

/**
 * STS as far as roles are assumed. Whether a caller may is not looked at here. Parameters that it does not know it
 * refuses. Source: STS API.
 */
export function createStsModel(clock: ServiceClock, identities: Identities): ServiceModel {
  const open = (
    { RoleArn: roleArn, RoleSessionName: name, DurationSeconds: seconds }: InputOf<typeof ROLE_SESSION>,
    isChained: boolean,
  ): Session => {
    checkRoleArn(roleArn);
    checkDuration(identities.role(roleArn), seconds, isChained);
    // Whole seconds, as it is answered.
    const now = Math.floor(clock.now() / 1000);
    return identities.openSession(roleArn, name, (now + (seconds ?? DEFAULT_SECONDS)) * 1000);
  };
  const operations = new Map<string, Operation>([
    [
      'AssumeRole',
      (input, { accessKeyId }) => {
        const isChained = identities.session(accessKeyId) !== undefined;
        return credentialsOf(open(read(ASSUME_ROLE, input), isChained));
      },
    ],
    [
      'AssumeRoleWithWebIdentity',
      (input) => {
        const request = read(WITH_WEB_IDENTITY, input);
        const identity = webIdentityOf(request.WebIdentityToken);
        checkExpiry(identity, clock.now());
        return {
          ...credentialsOf(open(request, false)),
          SubjectFromWebIdentityToken: identity.subject,
          Audience: identity.audience,
          Provider: identity.provider,
        };
      },
    ],
    [
      'GetCallerIdentity',
      (_input, { accessKeyId }) => {
        const { arn, account } = identities.principal(accessKeyId);
        const session = identities.session(accessKeyId);
        return { Arn: arn, UserId: session?.assumedRoleId ?? uniqueId('AIDA', arn), Account: account };
      },
    ],
  ]);
  return {
    target: 'AWSSecurityTokenServiceV20110615',
    operations: [...operations.keys()],
    query: { version: '2011-06-15', xmlNamespace: 'https://sts.amazonaws.com/doc/2011-06-15/' },
    invoke: (name, input, caller = {}) => {
      const operation = operations.get(name);
      if (operation === undefined) {
        throw new ServiceError('UnknownOperationException', `${name} is not emulated.`);
      }
      return operation(input, caller);
    },
  };
}

/** The query protocol has text where the API has numbers. */
function read<S extends Shape>(shape: S, input: unknown): InputOf<S> {
  const members = { ...(input as { readonly [name: string]: unknown }) };
  refuseUnknown(shape, members);
  const { DurationSeconds: seconds } = members;
  if (typeof seconds === 'string' && /^\d+$/.test(seconds)) {
    members.DurationSeconds = Number(seconds);
  }
  return readInput(shape, members);
}

function checkRoleArn(arn: string): void {
  if (!/^arn:[\w-]+:iam::\d{12}:role\/\S+$/.test(arn)) {
    throw new ServiceError('ValidationException', `${arn} is invalid`);
  }
}

function checkDuration(role: Role | undefined, seconds: number | undefined, isChained: boolean): void {
  if (isChained && seconds !== undefined && seconds > CHAINED_SECONDS) {
    throw new ServiceError(
      'ValidationException',
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
    );
  }
  if (role !== undefined && seconds !== undefined && seconds > role.maxSessionSeconds) {
    throw new ServiceError(
      'ValidationException',
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    );
  }
}

const credentialsOf = (session: Session): object => ({
  AssumedRoleUser: { AssumedRoleId: session.assumedRoleId, Arn: session.principal.arn },
  Credentials: {
    AccessKeyId: session.accessKeyId,
    SecretAccessKey: session.secretAccessKey,
    SessionToken: session.sessionToken,
    Expiration: new Date(session.expiresAt).toISOString().replace('.000Z', 'Z'),
  },
});
