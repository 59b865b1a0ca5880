import { type CallerIdentity, callerIdentity } from '../aws/caller-identity';
import type { AwsCredentials, AwsSettings } from '../config';
import { isConnectorError } from '../errors';
import type { Clock } from '../util/clock';
import { type Check, type Finding, findingOf, ok, skipped } from './check';
import { duration } from './words';

export const CREDENTIALS = 'credentials';

/** Credentials in use, and where they are used. */
export interface ExaminedIdentity {
  /** Of its check. */
  readonly key: string;
  /** For people; never a value of the credentials. */
  readonly title: string;
  readonly settings: AwsSettings;
  readonly credentials: AwsCredentials;
}

/** Errors that say nothing of the credentials: the connector itself may never need STS. */
const NOT_ASKED = ['AWS_UNAVAILABLE', 'AWS_TIMEOUT', 'AWS_TLS', 'AWS_THROTTLED'] as const;

/** Who we are with some credentials: STS tells, without any permission. */
export function identityCheck(identity: ExaminedIdentity, clock: Clock): Check {
  const { key, title, settings, credentials } = identity;
  return {
    key,
    id: 'credentials.identity',
    group: CREDENTIALS,
    title,
    ...(credentials.type === 'assumeRole' ? {} : { overdue: 'warning' as const }),
    run: async (signal) => {
      if (isElsewhere(settings)) {
        return skipped('the endpoints are not those of AWS, and endpoints.sts is not set');
      }
      try {
        const caller = await callerIdentity(settings, credentials, { clock }, { signal });
        return ok(identityWords(caller, credentials, clock.now()));
      } catch (error) {
        if (credentials.type !== 'assumeRole' && isConnectorError(error, ...NOT_ASKED)) {
          return {
            ...findingOf(error, 'warning'),
            hint: 'Nothing, if STS is not to be reached from here: the connector does not need it with these credentials.',
          } satisfies Finding;
        }
        throw error;
      }
    },
  };
}

/** Keys of an emulator are not shown to AWS. */
function isElsewhere({ endpoints }: AwsSettings): boolean {
  const { kinesis } = endpoints;
  return (
    kinesis !== undefined &&
    endpoints.sts === undefined &&
    !/\.amazonaws\.com(\.cn)?(:\d+)?\/?$/.test(kinesis)
  );
}

export function identityWords(
  { arn, account, expiration }: CallerIdentity,
  credentials: AwsCredentials,
  now: number,
): string {
  const ends =
    expiration === undefined
      ? 'does not expire'
      : `renewed before it expires in ${duration(Math.max(0, expiration - now))}`;
  return `${arn} of account ${account}, ${KINDS[credentials.type]}, ${ends}`;
}

const KINDS: { readonly [type in AwsCredentials['type']]: string } = {
  default: 'found by the default chain',
  static: 'an access key',
  assumeRole: 'an assumed role',
  profile: 'of a profile',
  webIdentity: 'a role assumed with a web identity',
};
