import { ConfigError, type LoadedConfig } from '../config';
import { type Check, type CheckResult, type Finding, findingOf, ok, skipped } from './check';
import type { DoctorParts } from './parts';
import { Plan } from './plan';
import { type DoctorReport, reportOf } from './report';
import { runChecks } from './runner';
import { strangersOf } from './subject';
import { count, some } from './words';

/** Checks under way at a time: enough to wait side by side, few enough to throttle nobody. */
const AT_ONCE = 8;
const CONFIGURATION = 'configuration';

export interface DoctorOptions {
  readonly file: string;
  /** Reads the configuration. @throws ConfigError with every problem */
  load(signal: AbortSignal): Promise<LoadedConfig>;
  /** The only connector that is examined; all when absent. */
  readonly connector?: string;
  /** Whether producers are opened, and closed again. */
  readonly opensProducers: boolean;
  /** Milliseconds that one check may take. */
  readonly timeout: number;
  /** Whether a warning is as bad as a failure. */
  readonly strict: boolean;
  readonly parts: DoctorParts;
  readonly signal: AbortSignal;
  onResult?(result: CheckResult, known: number): void;
}

/**
 * Looks whether the connectors of a configuration would work, without changing anything anywhere.
 * @throws the signal's reason
 */
export async function examine(options: DoctorOptions): Promise<DoctorReport> {
  const { file, load, parts, signal, timeout, strict, onResult } = options;
  const plans: Plan[] = [];
  const config: Check = {
    key: CONFIGURATION,
    id: 'config.file',
    group: CONFIGURATION,
    title: 'file',
    run: async (limit) => {
      try {
        const loaded = only(await load(limit), options.connector);
        const plan = new Plan(loaded, options);
        plans.push(plan);
        return { ...judgeConfig(loaded), next: [...noticeChecks(loaded), ...(await plan.checks())] };
      } catch (error) {
        return problemsOf(error);
      }
    },
  };
  try {
    const { clock } = parts;
    const tell = onResult === undefined ? {} : { onResult };
    const results = await runChecks([config], { clock, timeout, atOnce: AT_ONCE, signal, ...tell });
    return reportOf(file, results, strict);
  } finally {
    await Promise.all(plans.map((plan) => plan.close()));
  }
}

/** The connectors of that name alone. @throws ConfigError-like ConnectorError USAGE when there is none */
function only(config: LoadedConfig, connector: string | undefined): LoadedConfig {
  if (connector === undefined) {
    return config;
  }
  const named = ({ name }: { readonly name: string }): boolean => name === connector;
  return { ...config, sources: config.sources.filter(named), sinks: config.sinks.filter(named) };
}

function judgeConfig({ file, sources, sinks }: LoadedConfig): Finding {
  const names = [...sources, ...sinks].map(({ name }) => name);
  if (names.length === 0) {
    return {
      verdict: 'failed',
      code: 'USAGE',
      found: `${file} has no connector of that name`,
      hint: 'Give --connector a name of the file, or leave it out.',
    };
  }
  return ok(`${count(sources.length, 'source')}, ${count(sinks.length, 'sink')}: ${some(names)}`);
}

/** One line a problem. */
function problemsOf(error: unknown): Finding {
  if (!(error instanceof ConfigError)) {
    return findingOf(error);
  }
  const next = error.problems.map(
    ({ code, path, found, expected, hint }, index): Check => ({
      key: `${CONFIGURATION} problem ${index}`,
      id: 'config.file',
      group: CONFIGURATION,
      title: path === '' ? '(file)' : path,
      run: async () => ({ verdict: 'failed', code, found, expected, hint }),
    }),
  );
  return { ...findingOf(error), found: count(next.length, 'problem'), next };
}

function noticeChecks(config: LoadedConfig): Check[] {
  const notices = config.notices.map(
    ({ path, message }, index): Check => ({
      key: `${CONFIGURATION} notice ${index}`,
      id: 'config.notice',
      group: CONFIGURATION,
      title: path,
      run: async () => ({ verdict: 'warning', found: message, hint: 'Nothing, if that is what is meant.' }),
    }),
  );
  const strangers = strangersOf(config).map(
    (group): Check => ({
      key: `${group} own connector`,
      id: 'config.own-connector',
      group,
      title: 'connector of your own',
      run: async () => skipped('only its topics and the cluster can be looked at'),
    }),
  );
  return [...notices, ...strangers];
}
