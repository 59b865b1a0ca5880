import type { Command } from 'commander';
import {
  type AwsSettings,
  isPattern,
  type KinesisSourceConfig,
  parseKinesisSinkConfig,
  parseKinesisSourceConfig,
} from '../config';
import { ConnectorError } from '../errors';
import { settingsOf } from '../source/stream-place';
import { looksLikeArn, parseStreamArn } from '../stream/stream-arn';
import { systemClock } from '../util/clock';
import type { CliIo } from './cli-io';
import { loadCliConfig } from './load-config';

/** Where Kinesis is: as a connector says, or as flags do, which go first. */
export interface PlaceFlags {
  readonly config?: string;
  readonly connector?: string;
  readonly region?: string;
  readonly endpoint?: string;
  readonly profile?: string;
}

export interface KinesisPlace {
  readonly aws: AwsSettings;
  /** Roles for the streams of other accounts. */
  readonly roles: KinesisSourceConfig['streamRoles'];
  /** Names or ARNs of the streams that the connector itself names. */
  readonly streams: readonly string[];
  /** Of a connector that is a source. */
  readonly source?: KinesisSourceConfig;
}

export function withPlaceFlags(command: Command): Command {
  return command
    .option('-c, --config <file>', 'take place and credentials from a connector of this file')
    .option('--connector <name>', 'which one, where the file has several')
    .option('--region <region>', 'AWS region')
    .option('--endpoint <url>', 'address of Kinesis, for example of an emulator')
    .option('--profile <name>', 'profile of the AWS configuration files');
}

/** @throws ConfigError; ConnectorError USAGE; the signal's reason */
export async function findPlace(flags: PlaceFlags, io: CliIo, signal: AbortSignal): Promise<KinesisPlace> {
  const place =
    flags.config === undefined ? placeOfFlags() : await placeOfFile(flags.config, flags, io, signal);
  const { region = place.aws.region, endpoint, profile } = flags;
  const elsewhere = settingsOf(place.aws, {}, { ...(region !== undefined && { region }) });
  const credentials = profile === undefined ? undefined : profileCredentials(profile);
  return {
    ...place,
    aws: {
      ...elsewhere,
      ...(credentials !== undefined && { credentials }),
      ...(endpoint !== undefined && { endpoints: { ...elsewhere.endpoints, kinesis: checkedUrl(endpoint) } }),
    },
  };
}

/** The settings for one stream: an ARN names its region and its account. @throws ConnectorError STREAM_ARN_INVALID */
export function settingsFor({ aws, roles }: KinesisPlace, stream: string): AwsSettings {
  if (!looksLikeArn(stream)) {
    return aws;
  }
  const { region, accountId: account } = parseStreamArn(stream);
  return settingsOf(aws, roles, { region, account });
}

/** The stream that a command means. @throws ConnectorError USAGE */
export function streamFor({ streams }: KinesisPlace, given: string | undefined): string {
  const [only, ...others] = given === undefined ? streams : [given];
  if (only === undefined || others.length > 0) {
    throw new ConnectorError('USAGE', 'it is not clear which stream is meant', {
      expected: 'the name or ARN of one',
      found: streams.join(', ') || 'none',
    });
  }
  return only;
}

/** A source of nothing: what it takes for AWS when nothing is said. */
const NO_SOURCE = { awsKinesisStreamName: 'none', awsRegion: 'us-east-1' };

function placeOfFlags(): KinesisPlace {
  const { aws } = parseKinesisSourceConfig(NO_SOURCE, () => undefined, systemClock.now());
  return { aws: { ...aws, region: undefined }, roles: {}, streams: [] };
}

function profileCredentials(profile: string): AwsSettings['credentials'] {
  const configs = { ...NO_SOURCE, aws: { credentials: { type: 'profile', profile } } };
  return parseKinesisSourceConfig(configs, () => undefined, systemClock.now()).aws.credentials;
}

/** @throws ConnectorError USAGE */
function checkedUrl(endpoint: string): string {
  if (!/^https?:\/\/[^/]/.test(endpoint) || !URL.canParse(endpoint)) {
    throw new ConnectorError('USAGE', '--endpoint is no address', {
      expected: 'http://HOST:PORT or https://HOST',
      found: JSON.stringify(endpoint),
    });
  }
  return endpoint;
}

async function placeOfFile(
  file: string,
  { connector }: PlaceFlags,
  io: CliIo,
  signal: AbortSignal,
): Promise<KinesisPlace> {
  const { sources, sinks } = await loadCliConfig(file, io, signal);
  const named = ({ name }: { readonly name: string }): boolean =>
    connector === undefined || name === connector;
  const found = [
    ...sources.filter(named).map((definition) => ({ kind: 'source' as const, definition })),
    ...sinks.filter(named).map((definition) => ({ kind: 'sink' as const, definition })),
  ];
  const [only, ...others] = found;
  if (only === undefined || others.length > 0) {
    throw new ConnectorError('USAGE', 'the file names not exactly one such connector', {
      expected: '--connector with the name of one',
      found: [...sources, ...sinks].map(({ name }) => name).join(', '),
    });
  }
  const { configs, secrets } = only.definition;
  const secretOf = (name: string): string | undefined => secrets[name];
  if (only.kind === 'sink') {
    const { aws, awsKinesisStreamArn, awsKinesisStreamName } = parseKinesisSinkConfig(configs, secretOf);
    return { aws, roles: {}, streams: [awsKinesisStreamArn ?? awsKinesisStreamName] };
  }
  const source = parseKinesisSourceConfig(configs, secretOf, systemClock.now());
  const { aws, streams, streamRoles: roles } = source;
  const selectors = streams.several ? streams.selectors : [streams.stream];
  return {
    aws,
    roles,
    streams: selectors.flatMap((one) => (isPattern(one) ? [] : [one.arn ?? one.name])),
    source,
  };
}
