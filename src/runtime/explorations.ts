import {
  type AwsSettings,
  type ConnectorKind,
  isPattern,
  type LoadedConfig,
  parseKinesisSinkConfig,
  parseKinesisSourceConfig,
  type SinkDefinition,
  type SourceDefinition,
} from '../config';
import { StreamExplorer } from '../explore/stream-explorer';
import type { Clock } from '../util/clock';
import type { Logger } from '../util/logger';
import type { Random } from '../util/random';
import type { ExplorableConnector } from './look';

export interface ExplorationsOptions {
  readonly config: Pick<LoadedConfig, 'sources' | 'sinks'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

interface Explorable extends ExplorableConnector {
  readonly aws: AwsSettings;
}

/** The Kinesis connectors of a configuration, and for each that is asked for an explorer with its own AWS settings. */
export class Explorations {
  readonly #options: ExplorationsOptions;
  readonly #explorers = new Map<string, StreamExplorer>();
  #connectors: ReadonlyMap<string, Explorable> | undefined;

  constructor(options: ExplorationsOptions) {
    this.#options = options;
  }

  get connectors(): readonly ExplorableConnector[] {
    return Array.from(this.#known().values(), ({ aws: _, ...connector }) => connector);
  }

  /** Undefined when there is no such connector. */
  explorer(id: string): StreamExplorer | undefined {
    const connector = this.#known().get(id);
    const known = this.#explorers.get(id);
    if (connector === undefined || known !== undefined) {
      return known;
    }
    const { clock, random, logger } = this.#options;
    const explorer = new StreamExplorer({ aws: connector.aws, clock, random, logger });
    this.#explorers.set(id, explorer);
    return explorer;
  }

  /** Ends what is under way. */
  close(): void {
    for (const explorer of this.#explorers.values()) {
      explorer.close();
    }
    this.#explorers.clear();
  }

  /** Read when somebody asks for the first time: most runs are never explored. */
  #known(): ReadonlyMap<string, Explorable> {
    const { config, clock } = this.#options;
    const kinesis = ({ className }: SourceDefinition | SinkDefinition): boolean => className === 'kinesis';
    this.#connectors ??= new Map(
      [
        ...config.sources.filter(kinesis).map((source) => explorableSource(source, clock.now())),
        ...config.sinks.filter(kinesis).map(explorableSink),
      ].map((connector) => [connector.id, connector]),
    );
    return this.#connectors;
  }
}

function explorableSource(definition: SourceDefinition, now: number): Explorable {
  const { aws, streams } = parseKinesisSourceConfig(definition.configs, secretOf(definition), now);
  const selected = streams.several ? streams.selectors : [streams.stream];
  const names = selected.flatMap((it) => (isPattern(it) ? [] : [it.arn ?? it.name]));
  return { ...named('source', definition), streams: names, aws };
}

function explorableSink(definition: SinkDefinition): Explorable {
  const config = parseKinesisSinkConfig(definition.configs, secretOf(definition));
  const { aws, awsKinesisStreamName, awsKinesisStreamArn } = config;
  return { ...named('sink', definition), streams: [awsKinesisStreamArn ?? awsKinesisStreamName], aws };
}

function named(kind: ConnectorKind, definition: SourceDefinition | SinkDefinition) {
  const name = `${definition.tenant}/${definition.namespace}/${definition.name}`;
  return { id: `${kind}/${name}`, kind, name };
}

function secretOf({ secrets }: SourceDefinition | SinkDefinition): (name: string) => string | undefined {
  return (name) => secrets[name];
}
