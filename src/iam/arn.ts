/** Where a resource is; `*` for what is not known. */
export interface Place {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
}

/** What stands in the place of an account or a region that nothing names. */
export const UNKNOWN = '*';

/** Regions whose name begins like this are of that partition. Source: AWS General Reference, "Partitions". */
const PARTITIONS: readonly (readonly [prefix: string, partition: string])[] = [
  ['cn-', 'aws-cn'],
  ['us-gov-', 'aws-us-gov'],
  ['us-iso-', 'aws-iso'],
  ['us-isob-', 'aws-iso-b'],
  ['eu-isoe-', 'aws-iso-e'],
  ['us-isof-', 'aws-iso-f'],
  ['eusc-', 'aws-eusc'],
];

export function partitionOf(region: string | undefined): string {
  return PARTITIONS.find(([prefix]) => region?.startsWith(prefix) === true)?.[1] ?? 'aws';
}

/** Parts of `arn:partition:service:region:account:resource`; undefined when it is none. */
export function parseArn(text: string): (Place & { readonly resource: string }) | undefined {
  const [, partition, region, account, resource] =
    /^arn:([\w-]+):[\w-]+:([\w-]*):(\d{12}|):(.+)$/.exec(text) ?? [];
  return partition === undefined || region === undefined || account === undefined || resource === undefined
    ? undefined
    : { partition, region, account, resource };
}

export const arnOf = (service: string, { partition, region, account }: Place, resource: string): string =>
  `arn:${partition}:${service}:${region}:${account}:${resource}`;

/** Whether an account, or a region, is missing in `arn`. */
export const isIncomplete = (arn: string): boolean => /^arn:[\w-]+:[\w-]+:(\*:|[\w-]*:\*:)/.test(arn);

/** Partitions whose `kms:ViaService` ends with `amazonaws.com`. Of the others AWS documents no end. */
const DOCUMENTED = ['aws', 'aws-us-gov'];

/** That a key is used through a service alone. Source: KMS Developer Guide, "kms:ViaService". */
export function throughService(
  service: string,
  { partition, region }: Place,
): { readonly [operator: string]: { readonly [key: string]: string } } {
  return DOCUMENTED.includes(partition)
    ? { StringEquals: { 'kms:ViaService': `${service}.${region}.amazonaws.com` } }
    : { StringLike: { 'kms:ViaService': `${service}.${region}.*` } };
}

/** Secrets Manager puts six random characters behind the name of a secret. Source: its User Guide, "ARNs". */
export function secretArn(id: string, place: Place): string {
  if (!id.startsWith('arn:')) {
    return arnOf('secretsmanager', place, `secret:${id}-??????`);
  }
  return /-[A-Za-z0-9]{6}$/.test(id) ? id : `${id}-??????`;
}
