import { arnParts } from './pattern';
import { listOf, type PolicyStatement } from './policy-document';

/** Who calls. */
export interface Principal {
  /** As errors name it, for example `arn:aws:sts::111122223333:assumed-role/reader/session`. */
  readonly arn: string;
  /** The user or the role behind it, whose policies count. */
  readonly identity: string;
  /** Twelve digits. */
  readonly account: string;
  /** Of a token that stands in the place of credentials: the ARN of its provider. */
  readonly federated?: string;
}

/** How a policy names a principal: itself, or the account it belongs to, which leaves it to the policies there. */
export type Naming = 'itself' | 'account' | undefined;

/** Source: IAM User Guide, "AWS JSON policy elements: Principal". */
export function namingOf(wanted: PolicyStatement['Principal'], principal: Principal): Naming {
  if (wanted === undefined) {
    return undefined;
  }
  if (wanted === '*') {
    return 'itself';
  }
  const { AWS: aws = [], Federated: federated = [] } = wanted;
  if (principal.federated !== undefined) {
    return listOf(federated).includes(principal.federated) ? 'itself' : undefined;
  }
  const names = listOf(aws);
  if (names.some((name) => name === '*' || name === principal.arn || name === principal.identity)) {
    return 'itself';
  }
  return names.some((name) => isAccount(name, principal.account)) ? 'account' : undefined;
}

const isAccount = (name: string, account: string): boolean =>
  name === account || (name.endsWith(':root') && arnParts(name)[4] === account);
