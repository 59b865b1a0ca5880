import { createHash } from 'node:crypto';
import type { Random } from '../../util/random';
import { arnParts } from './pattern';
import type { PolicyDocument } from './policy-document';
import type { Principal } from './principal';
import { compileDocument, type Statement } from './statement';

export interface Role {
  readonly arn: string;
  readonly trust: readonly Statement[];
  readonly policies: readonly Statement[];
  readonly maxSessionSeconds: number;
}

/** Credentials of a role for a while. */
export interface Session {
  readonly principal: Principal;
  /** Unique id and session name, as STS answers them. */
  readonly assumedRoleId: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

interface User {
  readonly principal: Principal;
  readonly policies: readonly Statement[];
}

/** Source: IAM User Guide, CreateRole: MaxSessionDuration. */
const MAX_SESSION_SECONDS = 3600;

/** Users by their access keys, roles, and the sessions of roles. */
export class Identities {
  readonly #random: Random;
  /** Whose unknown keys are; twelve digits. */
  readonly account: string;
  readonly #users = new Map<string, User>();
  readonly #roles = new Map<string, Role>();
  readonly #sessions = new Map<string, Session>();

  constructor(random: Random, account: string) {
    this.#random = random;
    this.account = account;
  }

  /** Whether nobody is known. */
  get isEmpty(): boolean {
    return this.#users.size === 0 && this.#roles.size === 0;
  }

  putUser(accessKeyId: string, documents: readonly PolicyDocument[], arn = this.#someUser()): void {
    const policies = documents.flatMap((document) => compileDocument(document));
    this.#users.set(accessKeyId, { principal: principalOf(arn), policies });
  }

  putRole(
    arn: string,
    trust: PolicyDocument,
    policies: readonly PolicyDocument[],
    maxSessionSeconds = MAX_SESSION_SECONDS,
  ): void {
    this.#roles.set(arn, {
      arn,
      trust: compileDocument(trust, { trust: true }),
      policies: policies.flatMap((document) => compileDocument(document)),
      maxSessionSeconds,
    });
  }

  role(arn: string): Role | undefined {
    return this.#roles.get(arn);
  }

  session(accessKeyId: string | undefined): Session | undefined {
    return accessKeyId === undefined ? undefined : this.#sessions.get(accessKeyId);
  }

  /** Of such an access key, or else of everybody's; undefined when there is neither. */
  user(accessKeyId: string | undefined): User | undefined {
    return (accessKeyId === undefined ? undefined : this.#users.get(accessKeyId)) ?? this.#users.get('*');
  }

  /** Whom an access key stands for, whether it is known or not. */
  principal(accessKeyId: string | undefined): Principal {
    const known = this.session(accessKeyId) ?? this.user(accessKeyId);
    return known?.principal ?? principalOf(this.#someUser());
  }

  /** What the policies of an identity are now, not when its session began. */
  policiesOf(accessKeyId: string | undefined): readonly Statement[] {
    const session = this.session(accessKeyId);
    return session === undefined
      ? (this.user(accessKeyId)?.policies ?? [])
      : (this.role(session.principal.identity)?.policies ?? []);
  }

  openSession(roleArn: string, name: string, expiresAt: number): Session {
    const account = arnParts(roleArn)[4] ?? this.account;
    const role = roleArn.slice(roleArn.lastIndexOf('/') + 1);
    const session: Session = {
      principal: {
        arn: `arn:aws:sts::${account}:assumed-role/${role}/${name}`,
        identity: roleArn,
        account,
      },
      assumedRoleId: `${uniqueId('AROA', roleArn)}:${name}`,
      accessKeyId: `ASIA${this.#random.hex(8).toUpperCase()}`,
      secretAccessKey: this.#random.hex(20),
      sessionToken: Buffer.from(this.#random.hex(96), 'hex').toString('base64'),
      expiresAt,
    };
    this.#sessions.set(session.accessKeyId, session);
    return session;
  }

  #someUser(): string {
    return `arn:aws:iam::${this.account}:user/connector`;
  }
}

/** @param prefix of its kind: AIDA for users, AROA for roles. Source: IAM User Guide, "IAM identifiers". */
export function uniqueId(prefix: string, arn: string): string {
  return prefix + createHash('sha256').update(arn).digest('hex').slice(0, 17).toUpperCase();
}

const principalOf = (arn: string): Principal => ({ arn, identity: arn, account: arnParts(arn)[4] ?? '' });
