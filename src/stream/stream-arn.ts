import { ConnectorError } from '../errors';

/** Parts of the ARN of a stream. Source: AWS Service Authorization Reference, Kinesis Data Streams. */
export interface StreamArn {
  /** `aws`, `aws-cn`, `aws-us-gov`, … */
  readonly partition: string;
  readonly region: string;
  /** Twelve digits. */
  readonly accountId: string;
  readonly name: string;
}

/** What tells a stream from any other, also from one of the same name that was deleted before. */
export interface StreamIdentity {
  readonly accountId: string;
  readonly region: string;
  readonly name: string;
  readonly creationEpochSeconds: number;
}

const ARN = /^arn:(aws[a-z-]*):kinesis:([a-z0-9-]+):([0-9]{12}):stream\/([A-Za-z0-9_.-]{1,128})$/;

/** Whether `text` is meant as an ARN rather than as a name. */
export function looksLikeArn(text: string): boolean {
  return text.startsWith('arn:');
}

/** @throws ConnectorError STREAM_ARN_INVALID */
export function parseStreamArn(text: string): StreamArn {
  const [, partition, region, accountId, name] = ARN.exec(text) ?? [];
  if (partition === undefined || region === undefined || accountId === undefined || name === undefined) {
    throw new ConnectorError('STREAM_ARN_INVALID', 'not the ARN of a stream', {
      expected: 'arn:aws:kinesis:REGION:ACCOUNT:stream/NAME',
      found: text,
    });
  }
  return { partition, region, accountId, name };
}

export function formatStreamArn(arn: StreamArn): string {
  return `arn:${arn.partition}:kinesis:${arn.region}:${arn.accountId}:stream/${arn.name}`;
}

/**
 * @param createdAt StreamCreationTimestamp, milliseconds since the epoch.
 * @throws ConnectorError STREAM_ARN_INVALID
 */
export function streamIdentity(stream: { readonly arn: string; readonly createdAt: number }): StreamIdentity {
  const { accountId, region, name } = parseStreamArn(stream.arn);
  return { accountId, region, name, creationEpochSeconds: Math.floor(stream.createdAt / 1000) };
}

/** `account:region:stream:creationEpochSeconds`: one word, for names of producers and logs. */
export function formatStreamIdentity(identity: StreamIdentity): string {
  return `${identity.accountId}:${identity.region}:${identity.name}:${identity.creationEpochSeconds}`;
}
