import { isConnectorError } from '../errors';
import { fullTopicName } from '../pulsar/protocol';
import { type Finding, skipped } from './check';
import type { FoundTopic, PulsarReach } from './pulsar-reach';

/** A topic of one connector. */
export class ExaminedTopic {
  /** Full name. */
  readonly name: string;
  /** Undefined while it is not known, or may not be. */
  found: FoundTopic | undefined;

  constructor(
    readonly group: string,
    topic: string,
    readonly pulsar: PulsarReach,
  ) {
    this.name = fullTopicName(topic);
  }

  /** Without what goes without saying. */
  get label(): string {
    return this.name.replace(/^persistent:\/\//, '');
  }

  key(what: string): string {
    return `${this.group} topic ${this.name} ${what}`;
  }

  /** Why nothing can be said of a topic that is not there; undefined when something can. */
  get absence(): string | undefined {
    return this.found?.exists === false ? 'there is no such topic yet' : undefined;
  }
}

/** What `look` finds; who may read or write a topic may still not be allowed to look at it. */
export async function ifShown(look: () => Promise<Finding>): Promise<Finding> {
  try {
    return await look();
  } catch (error) {
    if (isConnectorError(error, 'PULSAR_AUTHORIZATION')) {
      return skipped('it is not for this role to see');
    }
    throw error;
  }
}
