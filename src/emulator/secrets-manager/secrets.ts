import type { Random } from '../../util/random';
import { ServiceError } from '../service-model';
import { Secret } from './secret';

/** Where a secret's name means something. */
export interface SecretPlace {
  readonly region: string;
  /** Twelve digits. */
  readonly account: string;
}

/** Signs at the end of a secret's ARN. Source: Secrets Manager User Guide, "Secret ARN". */
const SUFFIX = /-[A-Za-z0-9]{6}$/;

/** The secrets of every account in every region. */
export class Secrets {
  readonly #random: Random;
  /** By ARN without its suffix. */
  readonly #secrets = new Map<string, Secret>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** @throws ServiceError ResourceExistsException */
  create(name: string, place: SecretPlace): Secret {
    const stem = stemOf(name, place);
    if (this.#secrets.has(stem)) {
      throw new ServiceError(
        'ResourceExistsException',
        `The operation failed because the secret ${name} already exists.`,
      );
    }
    const secret = new Secret(`${stem}-${this.#random.hex(3)}`, name);
    this.#secrets.set(stem, secret);
    return secret;
  }

  /** @param id name, ARN, or ARN without its suffix */
  find(id: string, place: SecretPlace): Secret | undefined {
    if (!id.startsWith('arn:')) {
      return this.#secrets.get(stemOf(id, place));
    }
    const found = this.#secrets.get(id) ?? this.#secrets.get(id.replace(SUFFIX, ''));
    return found?.arn === id || this.#secrets.has(id) ? found : undefined;
  }

  /** @throws ServiceError ResourceNotFoundException */
  secret(id: string, place: SecretPlace): Secret {
    const found = this.find(id, place);
    if (found === undefined) {
      throw new ServiceError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
    }
    return found;
  }
}

const stemOf = (name: string, { region, account }: SecretPlace): string =>
  `arn:aws:secretsmanager:${region}:${account}:secret:${name}`;
