import type { KinesisClientConfig } from '@aws-sdk/client-kinesis';
import type { AwsSettings } from '../config/types';
import type { Clock } from '../util/clock';
import type { Logger } from '../util/logger';

export interface AwsDependencies {
  readonly clock: Clock;
  /** Told of credentials that cannot be renewed; nobody when absent. */
  readonly logger?: Logger;
}

type SdkLogger = NonNullable<KinesisClientConfig['logger']>;

/** Signing needs some region; an endpoint given by hand (an emulator) takes any. */
const REGION_OF_CUSTOM_ENDPOINTS = 'us-east-1';
/** Without `info` the SDK makes no copy of every answer for its log; credential providers call the others. */
const QUIET = { trace: silent, debug: silent, warn: silent, error: silent } as SdkLogger;
const USER_AGENT = 'pulsar-io-kinesis';

/** What the clients of all services have in common. */
export function sharedConfig(settings: AwsSettings, endpoint: string | undefined) {
  const { credentials, useFipsEndpoint, useDualstackEndpoint, clientOptions = {} } = settings;
  const { customUserAgent, userAgentAppId } = clientOptions;
  const region = settings.region ?? (endpoint === undefined ? undefined : REGION_OF_CUSTOM_ENDPOINTS);
  return {
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    // Not given, the region is that of the profile.
    ...(credentials.type === 'profile' ? { profile: credentials.profile } : {}),
    // Not given, they are what the SDK finds in environment and profile.
    ...(useFipsEndpoint === undefined ? {} : { useFipsEndpoint }),
    ...(useDualstackEndpoint === undefined ? {} : { useDualstackEndpoint }),
    customUserAgent: customUserAgent === undefined ? USER_AGENT : `${USER_AGENT} ${customUserAgent}`,
    ...(userAgentAppId === undefined ? {} : { userAgentAppId }),
    logger: QUIET,
  };
}

function silent(): void {}
