import type { AwsSettings, KinesisSourceConfig } from '../config';

/** Where a stream is, as far as its ARN says so; the place of the source otherwise. */
export interface StreamPlace {
  readonly region?: string;
  readonly account?: string;
}

/** AWS's own addresses, those of VPC endpoints included: each serves one region only. */
const OF_ONE_REGION = /\.amazonaws\.com(\.cn)?(:\d+)?(\/|$)/;

/** Settings for the streams of a place: those of the source, with another region, or the role for another account. */
export function settingsOf(
  aws: AwsSettings,
  roles: KinesisSourceConfig['streamRoles'],
  { region = aws.region, account }: StreamPlace,
): AwsSettings {
  const role = account === undefined ? undefined : roles[account];
  return {
    ...aws,
    region,
    ...(region === aws.region ? {} : { endpoints: endpointsElsewhere(aws) }),
    ...(role === undefined
      ? {}
      : { credentials: { ...role, type: 'assumeRole' as const, base: aws.credentials } }),
  };
}

function endpointsElsewhere({ endpoints }: AwsSettings): AwsSettings['endpoints'] {
  return Object.fromEntries(Object.entries(endpoints).filter(([, url]) => !OF_ONE_REGION.test(url ?? '')));
}
