import type { CredentialClients } from './clients';

/** One behaviour of a service, and what comes of it. */
export interface Scenario {
  readonly title: string;
  /** @param unique part of a name that no other scenario has */
  run(clients: CredentialClients, unique: string): Promise<object>;
  /** As AWS documents it; takes what Jest's matchers are. */
  readonly aws: object;
  /** What moto answers instead. */
  readonly moto?: object;
}
