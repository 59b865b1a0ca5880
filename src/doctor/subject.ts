import {
  type KinesisSinkConfig,
  type KinesisSourceConfig,
  type LoadedConfig,
  parseKinesisSinkConfig,
  parseKinesisSourceConfig,
  type SinkDefinition,
  type SourceDefinition,
} from '../config';
import { AwsReach } from './aws-reach';
import type { DoctorParts } from './parts';

interface SubjectOf<Kind extends string, Definition, Config> {
  readonly kind: Kind;
  /** Of its checks. */
  readonly group: string;
  readonly definition: Definition;
  readonly config: Config;
  readonly reach: AwsReach;
}

export type SourceSubject = SubjectOf<'source', SourceDefinition, KinesisSourceConfig>;
export type SinkSubject = SubjectOf<'sink', SinkDefinition, KinesisSinkConfig>;
/** A connector that is examined. */
export type Subject = SourceSubject | SinkSubject;

/** The Kinesis connectors of a configuration. */
export function subjectsOf(config: LoadedConfig, { clock }: Pick<DoctorParts, 'clock'>): Subject[] {
  const sources = config.sources.filter(isKinesis).map((definition): SourceSubject => {
    const { name, configs, secrets } = definition;
    const parsed = parseKinesisSourceConfig(configs, (secret) => secrets[secret], clock.now());
    const reach = new AwsReach(parsed, clock);
    return { kind: 'source', group: `source ${name}`, definition, config: parsed, reach };
  });
  const sinks = config.sinks.filter(isKinesis).map((definition): SinkSubject => {
    const { name, configs, secrets } = definition;
    const parsed = parseKinesisSinkConfig(configs, (secret) => secrets[secret]);
    const reach = new AwsReach(parsed, clock);
    return { kind: 'sink', group: `sink ${name}`, definition, config: parsed, reach };
  });
  return [...sources, ...sinks];
}

/** Connectors of the user's own, by their groups. */
export function strangersOf({ sources, sinks }: LoadedConfig): string[] {
  return [
    ...sources.filter((one) => !isKinesis(one)).map(({ name }) => `source ${name}`),
    ...sinks.filter((one) => !isKinesis(one)).map(({ name }) => `sink ${name}`),
  ];
}

const isKinesis = ({ className }: { readonly className: string }): boolean => className === 'kinesis';
