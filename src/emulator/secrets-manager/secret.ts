import { ServiceError } from '../service-model';

/** Text or bytes. */
export type SecretValue = string | Uint8Array;

export interface SecretVersion {
  /** A UUID, or what the caller gave for one. */
  readonly id: string;
  readonly value: SecretValue;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Staging labels. */
  stages: readonly string[];
}

const CURRENT = 'AWSCURRENT';
const PREVIOUS = 'AWSPREVIOUS';

/** A secret with its versions: the newest is AWSCURRENT, the one before it AWSPREVIOUS. */
export class Secret {
  readonly arn: string;
  readonly name: string;
  readonly #versions: SecretVersion[] = [];

  constructor(arn: string, name: string) {
    this.arn = arn;
    this.name = name;
  }

  /** Oldest first. */
  get versions(): readonly SecretVersion[] {
    return this.#versions;
  }

  /**
   * Adds a version. The same one again is no new one.
   * @throws ServiceError ResourceExistsException when that id has another value
   */
  put(id: string, value: SecretValue, now: number): SecretVersion {
    const present = this.#versions.find((version) => version.id === id);
    if (present !== undefined) {
      if (!Buffer.from(present.value).equals(Buffer.from(value))) {
        throw new ServiceError(
          'ResourceExistsException',
          `You can't use ClientRequestToken ${id} because that value is already in use for a version of secret ${this.arn}.`,
        );
      }
      return present;
    }
    for (const version of this.#versions) {
      version.stages = version.stages.includes(CURRENT) ? [PREVIOUS] : [];
    }
    const version = { id, value, createdAt: now, stages: [CURRENT] };
    this.#versions.push(version);
    return version;
  }

  /** @throws ServiceError ResourceNotFoundException, InvalidRequestException when id and stage do not agree */
  version(id: string | undefined, stage: string | undefined): SecretVersion {
    const found = this.#versions.find((version) =>
      id === undefined ? version.stages.includes(stage ?? CURRENT) : version.id === id,
    );
    if (found === undefined) {
      const named = id === undefined ? `staging label: ${stage ?? CURRENT}` : `VersionId: ${id}`;
      throw new ServiceError(
        'ResourceNotFoundException',
        `Secrets Manager can't find the specified secret value for ${named}`,
      );
    }
    if (stage !== undefined && !found.stages.includes(stage)) {
      throw new ServiceError(
        'InvalidRequestException',
        'You provided a VersionStage that is not associated to the provided VersionId.',
      );
    }
    return found;
  }
}
