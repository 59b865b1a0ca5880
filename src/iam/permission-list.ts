import type { AssumedRole, Identity } from './identity';
import type { Need } from './need';
import { type Permission, PHASES, type Phase } from './permission';

/** For what a need holds. */
export interface Holder {
  readonly identity: Identity;
  readonly connector: string;
  readonly resources: readonly string[];
  readonly conditions?: Permission['conditions'];
}

interface Entry {
  readonly permission: Omit<Permission, 'phases' | 'connectors'>;
  readonly phases: Set<Phase>;
  readonly connectors: Set<string>;
}

/** Permissions as they are found; what several connectors need for the same reason is one. */
export class PermissionList {
  readonly #entries = new Map<string, Entry>();
  readonly #roles = new Map<string, AssumedRole>();

  /** A role that is to be assumed for it is one more. */
  add({ action, phases, reason, optional = false }: Need, holder: Holder): void {
    const { identity, connector, conditions } = holder;
    const resources = [...new Set(holder.resources)].sort();
    if (resources.length === 0) {
      return;
    }
    const { name } = identity;
    const key = JSON.stringify([name, action, resources, conditions, optional, reason]);
    const entry = this.#entries.get(key) ?? {
      permission: {
        action,
        resources,
        ...(conditions !== undefined && { conditions }),
        optional,
        reason,
        identity: name,
      },
      phases: new Set<Phase>(),
      connectors: new Set<string>(),
    };
    this.#entries.set(key, entry);
    for (const phase of phases) {
      entry.phases.add(phase);
    }
    entry.connectors.add(connector);
    if (identity.assumed !== undefined) {
      const { roleArn, by, externalId } = identity.assumed;
      this.#roles.set(JSON.stringify([roleArn, by.name, externalId]), identity.assumed);
      const assuming = { action: 'sts:AssumeRole', phases, reason: `becomes ${roleArn}` };
      this.add(assuming, { identity: by, connector, resources: [roleArn] });
    }
  }

  /** Every role that is assumed for something; once for each way, as different identities or external ids may. */
  roles(): AssumedRole[] {
    return [...this.#roles].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, role]) => role);
  }

  all(): Permission[] {
    return Array.from(this.#entries.values(), ({ permission, phases, connectors }) => ({
      ...permission,
      phases: PHASES.filter((phase) => phases.has(phase)),
      connectors: [...connectors].sort(),
    })).sort(byIdentity);
  }
}

const SERVICES = ['kinesis', 'kms', 'dynamodb', 'cloudwatch', 'secretsmanager', 'sts'];

function byIdentity(a: Permission, b: Permission): number {
  const rank = ({ identity, action, resources, reason }: Permission): string =>
    [identity ?? '', SERVICES.indexOf(action.split(':')[0] ?? ''), resources[0], action, reason].join('\n');
  return rank(a) < rank(b) ? -1 : 1;
}
