import { listAllStreams } from '../aws/list-streams';
import { isPattern, type LoadedConfig, type StreamName, type StreamPattern } from '../config';
import { matchesPattern } from '../stream/name-pattern';
import { sleep } from '../util/clock';
import { awsEndpoint, usedAddresses } from './aws-endpoints';
import { type Check, ok, warning } from './check';
import { consumerCheck } from './consumer-checks';
import { type ExaminedIdentity, identityCheck } from './credential-checks';
import { type Endpoint, endpointChecks, endpointKey } from './endpoint-checks';
import { ExaminedStream } from './examined-stream';
import { ExaminedTable } from './examined-table';
import { fleetCheck } from './fleet-check';
import { lagCheck } from './lag-check';
import { loginCheck } from './login-check';
import type { DoctorParts } from './parts';
import { permissionChecks } from './permission-checks';
import { pulsarEndpoints } from './pulsar-endpoints';
import { PulsarReach } from './pulsar-reach';
import { capacityCheck } from './sink-checks';
import { readCheck, stateChecks } from './stream-checks';
import { type SinkSubject, type SourceSubject, type Subject, subjectsOf } from './subject';
import { ownersCheck, tableChecks } from './table-checks';
import { namespaceOf, topicChecks } from './topic-plan';
import { count, some } from './words';

/** Streams of a pattern that are looked at one by one. */
const MOST_STREAMS = 10;

export interface PlanOptions {
  readonly opensProducers: boolean;
  readonly parts: DoctorParts;
}

/** Every check of one configuration, and what they are made with. */
export class Plan {
  readonly #config: LoadedConfig;
  readonly #options: PlanOptions;
  readonly #subjects: readonly Subject[];
  readonly #pulsar: PulsarReach;
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #identities = new Map<string, ExaminedIdentity & { readonly owners: Set<string> }>();

  constructor(config: LoadedConfig, options: PlanOptions) {
    this.#config = config;
    this.#options = options;
    this.#subjects = subjectsOf(config, options.parts);
    this.#pulsar = new PulsarReach(config.pulsar, options.parts);
  }

  /** @throws what is no matter of one check */
  async checks(): Promise<Check[]> {
    const { parts } = this.#options;
    const connectors: Check[] = [];
    for (const subject of this.#subjects) {
      connectors.push(...(await this.#connector(subject)));
    }
    for (const endpoint of pulsarEndpoints(this.#config.pulsar, parts.network)) {
      this.#endpoints.set(endpointKey(endpoint), endpoint);
    }
    return [
      ...endpointChecks([...this.#endpoints.values()], parts),
      ...Array.from(this.#identities.values(), ({ owners, ...identity }) =>
        identityCheck({ ...identity, title: some([...owners], 2) }, parts.clock),
      ),
      ...this.#cluster(),
      ...connectors,
    ];
  }

  async close(): Promise<void> {
    for (const { reach } of this.#subjects) {
      reach.close();
    }
    await this.#pulsar.close();
  }

  async #connector(subject: Subject): Promise<Check[]> {
    const { named, patterns } = selectorsOf(subject);
    const streams = named.map((stream) => examined(subject, stream));
    const needs = [
      ...this.#identify(subject),
      ...(await this.#reach(subject, streams.length > 0 ? streams : [examined(subject, { name: '' })])),
    ];
    return [
      ...(patterns.length === 0 ? [] : [this.#patternCheck(subject, patterns, streams, needs)]),
      ...(patterns.length === 0 ? this.#checksOf(subject, streams, needs) : []),
      ...(this.#pulsar.isThere ? topicChecks(subject, streams, this.#pulsar, this.#options) : []),
    ];
  }

  #checksOf(subject: Subject, streams: readonly ExaminedStream[], needs: readonly string[]): Check[] {
    return subject.kind === 'source'
      ? this.#source(subject, streams, needs)
      : this.#sink(subject, streams, needs);
  }

  #source(subject: SourceSubject, streams: readonly ExaminedStream[], needs: readonly string[]): Check[] {
    const { clock } = this.#options.parts;
    const table = new ExaminedTable(subject);
    const { retrieval, streams: selection } = subject.config;
    return [
      ...streams.flatMap((stream) => [
        ...stateChecks(stream, needs),
        ...(retrieval.mode === 'fan-out' ? [] : [readCheck(stream)]),
        ...(retrieval.mode === 'polling' ? [] : [consumerCheck(subject, stream)]),
      ]),
      ...tableChecks(subject, table, streams, needs),
      fleetCheck(subject, table, clock),
      ownersCheck(subject, table, (signal, ms) => sleep(clock, ms, signal)),
      ...(retrieval.mode === 'fan-out'
        ? []
        : streams.map((stream) => lagCheck(stream, table, selection.several, clock))),
      ...permissionChecks(this.#config, { subject, streams, table, needs }),
    ];
  }

  #sink(subject: SinkSubject, streams: readonly ExaminedStream[], needs: readonly string[]): Check[] {
    return [
      ...streams.flatMap((stream) => [...stateChecks(stream, needs), capacityCheck(subject, stream)]),
      ...permissionChecks(this.#config, { subject, streams, table: undefined, needs }),
    ];
  }

  /** Looks for the streams that patterns mean; what is found is examined with those that are named. */
  #patternCheck(
    subject: Subject,
    patterns: readonly StreamPattern[],
    named: readonly ExaminedStream[],
    needs: readonly string[],
  ): Check {
    const words = patterns.map(({ pattern }) => pattern).join(', ');
    return {
      key: `${subject.group} patterns`,
      id: 'stream.find',
      group: subject.group,
      title: `streams ${words}`,
      needs,
      run: async (signal) => {
        const listed = await listAllStreams(subject.reach.kinesis({}), signal);
        const names = listed
          .map(({ name }) => name)
          .filter((name) => patterns.some(({ pattern }) => matchesPattern(pattern, name)))
          .filter((name) => named.every(({ ref }) => ref.name !== name));
        const found = names.slice(0, MOST_STREAMS).map((name) => examined(subject, { name }));
        const next = this.#checksOf(subject, [...named, ...found], needs);
        return names.length === 0
          ? {
              ...warning('none yet', 'Nothing, if they are still to come: the source goes on looking.'),
              next,
            }
          : ok(`${count(names.length, 'stream')}: ${some(names)}`, next);
      },
    };
  }

  /** Checks of the addresses that a connector uses. @returns the keys of those that it cannot do without */
  async #reach(subject: Subject, streams: readonly ExaminedStream[]): Promise<string[]> {
    const keys: string[] = [];
    const readsSecrets = this.#config.secrets !== undefined;
    for (const used of usedAddresses(subject, streams, readsSecrets)) {
      const endpoint = await awsEndpoint(used, this.#options.parts.clock);
      const key = endpointKey(endpoint);
      this.#endpoints.set(key, endpoint);
      if (endpoint.optional !== true) {
        keys.push(key);
      }
    }
    return [...new Set(keys)];
  }

  /** Checks of who a connector is. @returns their keys */
  #identify({ config, group, reach }: Subject): string[] {
    const { aws } = config;
    const found: Omit<ExaminedIdentity, 'key'>[] = [
      { title: '', settings: aws, credentials: aws.credentials },
    ];
    if (aws.dynamoCredentials !== undefined) {
      found.push({ title: ' for DynamoDB', settings: aws, credentials: aws.dynamoCredentials });
    }
    for (const account of 'streamRoles' in config ? Object.keys(config.streamRoles) : []) {
      const { credentials } = reach.settings({ account });
      found.push({ title: ` in account ${account}`, settings: aws, credentials });
    }
    return found.map((one) => {
      const { credentials } = one;
      const key = JSON.stringify({
        ...credentials,
        ...(credentials.type === 'static' ? { key: credentials.accessKeyId.reveal() } : {}),
        sts: aws.endpoints.sts,
      });
      const known = this.#identities.get(key) ?? {
        ...one,
        key: `identity ${this.#identities.size}`,
        owners: new Set(),
      };
      known.owners.add(`${group}${one.title}`);
      this.#identities.set(key, known);
      return known.key;
    });
  }

  #cluster(): Check[] {
    const pulsar = this.#pulsar;
    if (!pulsar.isThere) {
      return [];
    }
    const [first] = [...this.#config.sources, ...this.#config.sinks];
    const endpoints = [...this.#endpoints.values()].filter(({ name }) =>
      /^(pulsar|oauth2 issuer)$/.test(name),
    );
    // Of several addresses one is enough.
    const needs = endpoints.length === 1 ? endpoints.map(endpointKey) : [];
    return [loginCheck(pulsar, namespaceOf(first), needs)];
  }
}

function examined({ group, reach, config }: Subject, name: StreamName): ExaminedStream {
  return new ExaminedStream(group, name, reach, 'shardIds' in config ? config.shardIds : undefined);
}

function selectorsOf(subject: Subject): {
  readonly named: readonly StreamName[];
  readonly patterns: readonly StreamPattern[];
} {
  if (subject.kind === 'sink') {
    const { awsKinesisStreamName: name, awsKinesisStreamArn: arn } = subject.config;
    const [, , , region, account] = arn?.split(':') ?? [];
    const place = {
      ...(arn === undefined ? {} : { arn }),
      ...(region === undefined ? {} : { region }),
      ...(account === undefined ? {} : { account }),
    };
    return { named: [{ name, ...place }], patterns: [] };
  }
  const { streams } = subject.config;
  const selectors = streams.several ? streams.selectors : [streams.stream];
  return {
    named: selectors.filter((one): one is StreamName => !isPattern(one)),
    patterns: selectors.filter(isPattern),
  };
}
