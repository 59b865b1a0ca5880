import type { Caller } from '../service-model';
import { Account } from './account';
import type { KinesisSettings } from './options';
import { readToken } from './token';

/** Who calls; the emulator's own account and region where they are absent. */
export type KinesisCaller = Caller;

/** Members by which a request may name whose stream it is about. */
interface Naming {
  readonly StreamARN?: unknown;
  readonly ConsumerARN?: unknown;
  readonly NextToken?: unknown;
}

/** Every account in every region. */
export class Accounts {
  readonly settings: KinesisSettings;
  readonly #accounts = new Map<string, Account>();

  constructor(settings: KinesisSettings) {
    this.settings = settings;
  }

  /**
   * Whose streams a request is about: those of the ARN it names, otherwise the caller's. A caller meets the streams
   * of the region it calls alone: an ARN of another one is not found there.
   */
  of(request: Naming, caller: KinesisCaller): Account {
    const [, , , region, account] = arnOf(request)?.split(':') ?? [];
    return this.#at(
      account ?? caller.account ?? this.settings.account,
      caller.region ?? region ?? this.settings.region,
    );
  }

  #at(id: string, region: string): Account {
    const key = `${id}:${region}`;
    const account = this.#accounts.get(key) ?? new Account(this.settings, id, region);
    this.#accounts.set(key, account);
    return account;
  }
}

/** A page of ListShards names its stream in its token only. */
function arnOf({ StreamARN, ConsumerARN, NextToken }: Naming): string | undefined {
  const fromToken = typeof NextToken === 'string' ? readToken(NextToken)?.parts[0] : undefined;
  return [StreamARN, ConsumerARN, fromToken].find((arn) => typeof arn === 'string');
}
