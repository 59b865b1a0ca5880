import {
  type AwsSettings,
  isPattern,
  type KinesisSourceConfig,
  type LoadedConfig,
  parseKinesisSinkConfig,
  parseKinesisSourceConfig,
  type SinkDefinition,
  type SourceDefinition,
  type StreamName,
  type StreamPattern,
} from '../config';
import { arnOf, type Place, parseArn, partitionOf, secretArn, throughService, UNKNOWN } from './arn';
import { type AssumedRole, Identities, type Identity } from './identity';
import { MOVING, type Need, RUNNING } from './need';
import {
  DECRYPTING,
  ENCRYPTING,
  LISTING,
  LISTING_FOR_PATTERNS,
  PUBLISHING,
  READING_SECRETS,
  TAKING_OVER,
  WRITING,
} from './other-needs';
import type { Permission } from './permission';
import { type Holder, PermissionList } from './permission-list';
import { consumerNeeds, EXPLORING, FLEET_NEEDS, leaseTableNeeds, streamNeeds } from './source-needs';

/** What a configuration does not say of the place where it runs. */
export interface Facts {
  /** 12 digits: the account of the process's own identity. */
  readonly account?: string;
  /** For example `aws-cn`; as the region has it when absent. */
  readonly partition?: string;
  /** ARNs of the customer managed keys that streams are encrypted with. */
  readonly kmsKeys?: readonly string[];
  /** What `${secret:}` refers to. */
  readonly secrets?: SecretsUse;
  /** Name or ARN of the lease table that `offsets import --from kcl` takes over. */
  readonly otherTable?: string;
}

/** Secrets of AWS Secrets Manager, and how they are reached. */
export interface SecretsUse {
  readonly aws: AwsSettings;
  /** Names or ARNs. */
  readonly ids: readonly string[];
}

/** Start times were judged when the configuration was loaded. */
const ANY_TIME = Number.MAX_SAFE_INTEGER;

/**
 * Every permission that the connectors of a configuration need of AWS, in whatever phase, and nothing else. Where neither
 * the configuration nor `facts` names an account, and where the configuration names no region, `*` stands in its place.
 */
export function permissionsOf(config: LoadedConfig, facts: Facts = {}): Permission[] {
  return surveyOf(config, facts).all();
}

/** The roles that the connectors of a configuration assume; one comes several times where it is assumed in several ways. */
export function rolesOf(config: LoadedConfig, facts: Pick<Facts, 'secrets'> = {}): AssumedRole[] {
  return surveyOf(config, facts).roles();
}

function surveyOf(config: LoadedConfig, facts: Facts): PermissionList {
  const survey = new Survey(facts);
  for (const source of config.sources.filter(isKinesis)) {
    survey.source(source);
  }
  for (const sink of config.sinks.filter(isKinesis)) {
    survey.sink(sink);
  }
  if (facts.secrets !== undefined) {
    for (const { name } of config.sources) {
      survey.secrets(facts.secrets, name, OF_SOURCES);
    }
    for (const { name } of config.sinks) {
      survey.secrets(facts.secrets, name, OF_SINKS);
    }
  }
  return survey.list;
}

/** Phases in which either kind of connector has a part. */
const OF_SOURCES = [...RUNNING, ...MOVING, 'explore'] as const;
const OF_SINKS = ['sink', 'explore'] as const;

const isKinesis = ({ className }: { readonly className: string }): boolean => className === 'kinesis';

type Selector = StreamName | StreamPattern;

/** A stream, or all that a pattern means, and who reaches it. */
interface Reached {
  readonly identity: Identity;
  readonly place: Place;
  readonly arn: string;
}

class Survey {
  readonly list = new PermissionList();
  readonly #identities = new Identities();

  constructor(private readonly facts: Facts) {}

  source(definition: SourceDefinition): void {
    const { name, configs, secrets } = definition;
    const config = parseKinesisSourceConfig(configs, (secret) => secrets[secret], ANY_TIME);
    const { aws, streams } = config;
    const selectors: readonly Selector[] = streams.several ? streams.selectors : [streams.stream];
    const own = this.#identities.of(aws.credentials, name);
    if (selectors.some(isPattern)) {
      this.#add([LISTING_FOR_PATTERNS], { identity: own, connector: name, resources: ['*'] });
    }
    this.#add([LISTING], { identity: own, connector: name, resources: ['*'] });
    for (const selector of selectors) {
      const reached = this.#reached(selector, config, own, name);
      const holder = { identity: reached.identity, connector: name };
      this.#add([...streamNeeds(config), ...EXPLORING], { ...holder, resources: [reached.arn] });
      this.#add(consumerNeeds(config), { ...holder, resources: consumersOf(reached.arn, config) });
      this.#keys('kms:Decrypt', DECRYPTING, reached, holder);
    }
    this.#leaseTable(config, name);
    this.#metrics(config, RUNNING, own, name);
  }

  sink(definition: SinkDefinition): void {
    const { name, configs, secrets } = definition;
    const config = parseKinesisSinkConfig(configs, (secret) => secrets[secret]);
    const { aws, awsKinesisStreamName, awsKinesisStreamArn } = config;
    const identity = this.#identities.of(aws.credentials, name);
    const place = this.#place(aws.region, identity);
    const arn = awsKinesisStreamArn ?? arnOf('kinesis', place, `stream/${awsKinesisStreamName}`);
    const holder = { identity, connector: name };
    this.#add([...WRITING, ...EXPLORING], { ...holder, resources: [arn] });
    this.#add([LISTING], { ...holder, resources: ['*'] });
    const reached = { identity, place: parseArn(arn) ?? place, arn };
    this.#keys('kms:GenerateDataKey', ENCRYPTING, reached, holder);
    this.#keys('kms:Decrypt', { ...DECRYPTING, phases: ['explore'] }, reached, holder);
    this.#metrics(config, ['sink'], identity, name);
  }

  /** They are read before anything is started, by every command. */
  secrets({ aws, ids }: SecretsUse, connector: string, phases: Need['phases']): void {
    const identity = this.#identities.of(aws.credentials, connector);
    const place = this.#place(aws.region, identity);
    const resources = ids.map((id) => secretArn(id, place));
    this.#add([{ ...READING_SECRETS, phases }], { identity, connector, resources });
  }

  #add(needs: readonly Need[], holder: Holder): void {
    for (const need of needs) {
      this.list.add(need, holder);
    }
  }

  #place(region: string | undefined, { account, partition }: Identity): Place {
    return {
      partition: this.facts.partition ?? partition ?? partitionOf(region),
      region: region ?? UNKNOWN,
      account: account ?? this.facts.account ?? UNKNOWN,
    };
  }

  #reached(
    selector: Selector,
    { aws, streamRoles }: KinesisSourceConfig,
    own: Identity,
    connector: string,
  ): Reached {
    if (isPattern(selector) || selector.arn === undefined || selector.account === undefined) {
      const place = this.#place(aws.region, own);
      const name = isPattern(selector) ? selector.pattern : selector.name;
      return { identity: own, place, arn: arnOf('kinesis', place, `stream/${name}`) };
    }
    const { arn, account } = selector;
    const role = streamRoles[account];
    const identity =
      role === undefined
        ? own
        : this.#identities.of({ ...role, type: 'assumeRole', base: aws.credentials }, connector);
    return { identity, place: parseArn(arn) ?? this.#place(aws.region, identity), arn };
  }

  #leaseTable(config: KinesisSourceConfig, connector: string): void {
    const { aws, leaseTableName, applicationName } = config;
    const credentials = aws.dynamoCredentials ?? aws.credentials;
    const owner = aws.dynamoCredentials === undefined ? connector : `the lease table of ${connector}`;
    const identity = this.#identities.of(credentials, owner);
    const place = this.#place(aws.region, identity);
    const table = (name: string): string =>
      name.startsWith('arn:') ? name : arnOf('dynamodb', place, `table/${name}`);
    const holder = { identity, connector };
    this.#add(leaseTableNeeds(config), { ...holder, resources: [table(leaseTableName)] });
    for (const [suffix, need] of FLEET_NEEDS) {
      this.#add([need], { ...holder, resources: [table(`${applicationName}${suffix}`)] });
    }
    if (this.facts.otherTable !== undefined) {
      this.#add([TAKING_OVER], { ...holder, resources: [table(this.facts.otherTable)] });
    }
  }

  #metrics(
    { cloudwatch }: { readonly cloudwatch: KinesisSourceConfig['cloudwatch']; readonly aws: AwsSettings },
    phases: Need['phases'],
    identity: Identity,
    connector: string,
  ): void {
    if (cloudwatch.level !== 'NONE') {
      const conditions = { StringEquals: { 'cloudwatch:namespace': cloudwatch.namespace } };
      this.#add([{ ...PUBLISHING, phases }], { identity, connector, resources: ['*'], conditions });
    }
  }

  /** Keys are used by Kinesis alone, for streams of their own region. */
  #keys(
    action: string,
    need: Omit<Need, 'action'>,
    { place }: Reached,
    holder: Omit<Holder, 'resources'>,
  ): void {
    for (const key of this.facts.kmsKeys ?? []) {
      const keyPlace = parseArn(key);
      if (keyPlace !== undefined && (place.region === UNKNOWN || place.region === keyPlace.region)) {
        const conditions = throughService('kinesis', keyPlace);
        this.#add([{ ...need, action }], { ...holder, resources: [key], conditions });
      }
    }
  }
}

/**
 * A consumer is looked for by its name, and subscribed to by its ARN, which has the time of its registration behind the
 * name: IAM judges what the call names.
 */
function consumersOf(streamArn: string, { retrieval: { consumer } }: KinesisSourceConfig): string[] {
  if ('arn' in consumer) {
    return [consumer.arn];
  }
  const arn = `${streamArn}/consumer/${consumer.name}`;
  return [arn, `${arn}:*`];
}
