import type { AwsCredentials } from '../config';
import { parseArn } from './arn';

/** Who makes a call. */
export interface Identity {
  /** See Permission.identity. */
  readonly name: string | undefined;
  /** Where it acts, as far as the configuration says so. */
  readonly account?: string;
  readonly partition?: string;
  /** Of a role that is assumed with the credentials of another identity. */
  readonly assumed?: AssumedRole;
}

export interface AssumedRole {
  readonly roleArn: string;
  readonly by: Identity;
  readonly externalId?: string;
}

/** The process's own: what the default chain of the SDK finds. */
export const OWN: Identity = { name: undefined };

/** The identities behind the credentials of one configuration: the same credentials are the same one. */
export class Identities {
  readonly #keys = new Map<string, Identity>();

  /** @param owner Names credentials that have no name of their own, for example `orders`. */
  of(credentials: AwsCredentials, owner: string): Identity {
    switch (credentials.type) {
      case 'default':
        return OWN;
      case 'static': {
        const key = credentials.accessKeyId.reveal();
        const known = this.#keys.get(key) ?? { name: `access key of ${owner}` };
        this.#keys.set(key, known);
        return known;
      }
      case 'assumeRole': {
        const { roleArn, externalId, base } = credentials;
        const by = base === undefined ? OWN : this.of(base, owner);
        const assumed = { roleArn, by, ...(externalId !== undefined && { externalId }) };
        return { ...roleOf(roleArn), assumed };
      }
      case 'webIdentity':
        return roleOf(credentials.roleArn);
      case 'profile':
        return { name: `profile ${credentials.profile}` };
    }
  }
}

function roleOf(roleArn: string): Identity {
  const { account, partition } = parseArn(roleArn) ?? {};
  return { name: roleArn, ...(account && { account }), ...(partition && { partition }) };
}
