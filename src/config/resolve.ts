import { dirname } from 'node:path';
import { systemClock } from '../util/clock';
import { classProblems, sourceClass } from './connector-class';
import { credentialProblems } from './credentials';
import { type OutsideSetting, settingsFrom } from './environment';
import {
  applicationNotice,
  derivedNameProblem,
  fanOutNotice,
  named,
  secretNotices,
  topicNotice,
  twinProblems,
} from './file-rules';
import { displayPath, type FileShape, reportSink, shapeFile } from './file-shape';
import { withSecrets } from './kinesis-source-config';
import { normalise } from './normalise';
import { type ConfigProblem, ProblemList } from './problems';
import { pulsarProblems } from './pulsar-settings';
import { type Environment, processEnvironment, resolveReferences } from './references';
import { schemaRoot } from './schema';
import { layUnder, sourceProblems } from './source-rules';
import { isObject, type JsonObject, setIn, textAt } from './tree';
import type { ConfigNotice } from './types';
import { validate } from './validate';

export interface ConfigOptions {
  /** Environment variables; those of this process when absent. */
  readonly env?: Environment;
  /** Settings of the command line by path, for example `pulsar.serviceUrl`; they go before everything else. */
  readonly overrides?: { readonly [path: string]: unknown };
  /** Milliseconds since the epoch; start times must have passed. */
  readonly now?: () => number;
}

/** A configuration after all rules: usable when there are no problems. */
export interface ResolvedConfig {
  readonly file: string;
  readonly shape: FileShape;
  readonly problems: readonly ConfigProblem[];
  readonly notices: readonly ConfigNotice[];
  /** In the list shape, without defaults; shared AWS settings are laid under each source. */
  readonly root: JsonObject;
  /** Where a setting came from, by path, when it is not the file. */
  readonly origins: ReadonlyMap<string, string>;
}

/**
 * Takes the mapping of a configuration file through references, environment, flags and every rule.
 * @param file Name for messages; relative `${file:}` paths start from its folder.
 */
export function resolveConfig(raw: JsonObject, file: string, options: ConfigOptions = {}): ResolvedConfig {
  const { env = processEnvironment(), overrides = {}, now = systemClock.now } = options;
  const shaped = shapeFile(raw);
  const problems = new ProblemList((path) => displayPath(path, shaped.shape));
  const notices: ConfigNotice[] = [];
  const flags = Object.entries(overrides).map(([path, value]) => ({ path, value, origin: 'flag' }));
  const outside = [...settingsFrom(env, notices), ...flags].filter(({ value }) => value !== undefined);
  const origins = new Map(outside.map(({ path, origin }) => [path, origin]));
  const report = (root: JsonObject): ResolvedConfig => ({
    file,
    shape: shaped.shape,
    problems: problems.all,
    notices: notices.map((notice) => ({ ...notice, path: displayPath(notice.path, shaped.shape) })),
    root,
    origins,
  });
  if (shaped.shape === 'bare' && reportSink(raw, problems)) {
    return report(shaped.root);
  }

  const references = new Map<string, string>();
  const reference = { environment: env, folder: dirname(file), problems, references };
  const given = resolveReferences(
    overlay(shaped.root, outside, () => undefined),
    '',
    reference,
  );
  const root = prepare(overlay(given, outside, ({ value }) => value));

  validate('connectors', root, { base: '', problems, notices, references });
  sharedProblems(root, dirname(file), problems);
  const sources = eachSource(root, (source, path) => {
    classProblems(source, path, problems);
    topicNotice(source, path, notices);
    if (sourceClass(source) !== 'kinesis' || !isObject(source.configs)) {
      return source;
    }
    const inside = `${path}.configs`;
    const own = shaped.shape === 'list' ? named(source, source.configs) : source.configs;
    const region = environmentRegion(env, root.aws, own);
    const shared = isObject(root.aws) ? root.aws : {};
    const configs = layUnder(own, region === undefined ? shared : { ...shared, region });
    if (own !== source.configs) {
      origins.set(`${inside}.applicationName`, 'default');
    }
    if (region !== undefined) {
      origins.set(`${inside}.aws.region`, 'environment AWS_REGION');
    }
    credentialProblems(source.configs.aws, `${inside}.aws`, problems);
    sourceProblems(configs, inside, now(), problems);
    derivedNameProblem(configs, inside, problems);
    applicationNotice(configs, inside, notices);
    fanOutNotice(configs, inside, notices);
    secretNotices(source, path, notices);
    return { ...source, configs };
  });
  twinProblems(sources, problems);
  return report({ ...root, sources });
}

/**
 * Flags and environment go before the file; among them the last one wins. Done twice: what they replace need not
 * resolve, and what they give is taken as it is.
 */
function overlay(
  root: unknown,
  outside: readonly OutsideSetting[],
  give: (it: OutsideSetting) => unknown,
): JsonObject {
  return outside.reduce((tree, it) => setIn(tree, it.path.split('.'), give(it)), root) as JsonObject;
}

/** Types as the schema wants them, and secrets in the place of the options they override. */
function prepare(given: JsonObject): JsonObject {
  const root = normalise(given, schemaRoot('connectors')) as JsonObject;
  const level = typeof root.logLevel === 'string' ? { logLevel: root.logLevel.toLowerCase() } : {};
  const sources = eachSource(root, (source) => {
    if (sourceClass(source) !== 'kinesis' || !isObject(source.configs)) {
      return source;
    }
    const configs = normalise(source.configs, schemaRoot('source')) as JsonObject;
    return { ...source, configs: withSecrets(configs, (name) => textAt(source, 'secrets', name)) };
  });
  return { ...root, ...level, ...(root.sources === undefined ? {} : { sources }) };
}

/** `sources` with `change` applied to each that is a mapping; what else stands there stays. */
function eachSource(root: JsonObject, change: (source: JsonObject, path: string) => JsonObject): unknown {
  const { sources } = root;
  return Array.isArray(sources)
    ? sources.map((source, i) => (isObject(source) ? change(source, `sources[${i}]`) : source))
    : sources;
}

function sharedProblems(root: JsonObject, folder: string, problems: ProblemList): void {
  pulsarProblems(root.pulsar, folder, problems);
  credentialProblems(root.aws, 'aws', problems);
  if (root.sources === undefined || (Array.isArray(root.sources) && root.sources.length === 0)) {
    problems.add('CONFIG_MISSING', 'sources', {
      found: 'nothing',
      expected: 'at least one source',
      hint: 'Add a source with name, topicName and configs.',
    });
  }
}

/** AWS_REGION counts only where nothing else names a region. */
function environmentRegion(env: Environment, shared: unknown, configs: JsonObject): string | undefined {
  const named = textAt(shared, 'region') ?? textAt(configs, 'awsRegion') ?? textAt(configs, 'aws', 'region');
  return named === undefined ? env.AWS_REGION : undefined;
}
