import { systemClock } from '../../src/util/clock';
import type { Random } from '../../src/util/random';
import { ChaosLab, type LabOptions } from './chaos-lab';
import type { ConnectorProcess } from './connector-process';

/** One line of the table. */
export interface Finding {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** What is promised; a figure without it is told, not judged. */
  readonly atMost?: number;
  /** What KCL 2.6.0 did, measured. */
  readonly kcl?: string;
}

export function isBroken({ value, atMost }: Finding): boolean {
  // A figure that is no number keeps no promise.
  return atMost !== undefined && !(value <= atMost);
}

export interface ScenarioRun {
  readonly rounds: number;
  readonly random: Random;
  /** Told after each round. */
  readonly onRound: (round: number) => void;
}

export interface Scenario {
  /** When nobody asks for another number. */
  readonly rounds: number;
  run(run: ScenarioRun): Promise<readonly Finding[]>;
}

/** How long workers may take to share out what is there. */
const SETTLE_LIMIT_MS = 60_000;
/** Longer than a renewal interval, and enough to know how often a shard's records usually arrive. */
const WATCH_MS = 5000;

/** Runs `work` in a laboratory of its own. The logs stay when a promise was broken. */
export async function inLab(
  options: LabOptions,
  work: (lab: ChaosLab) => Promise<Finding[]>,
): Promise<Finding[]> {
  const lab = await ChaosLab.open(options);
  let findings: Finding[] | undefined;
  try {
    const own = await work(lab);
    lab.load.stop();
    await lab.delivered();
    await lab.stopAll();
    findings = [...own, ...generalFindings(lab)];
    return findings;
  } finally {
    const kept = findings === undefined || findings.some(isBroken);
    await lab.close(kept);
    if (kept) {
      process.stderr.write(`logs of the workers are in ${lab.folder}\n`);
    }
  }
}

/** What holds whatever is done to the workers. */
function generalFindings({ tally, processes, load }: ChaosLab): Finding[] {
  return [
    { what: 'lost', value: tally.missingCount, unit: `of ${tally.sentCount} records`, atMost: 0 },
    { what: 'out of order', value: tally.disorders.length, unit: 'records', atMost: 0 },
    { what: 'other key, shard or number', value: tally.altered.length, unit: 'records', atMost: 0 },
    {
      what: 'errors logged',
      value: processes.reduce((sum, { errors }) => sum + errors.length, 0),
      unit: 'lines',
      atMost: 0,
    },
    {
      what: 'graceful stops that did not drain',
      value: processes.filter(({ undrained }) => undrained).length,
      unit: 'workers',
      atMost: 0,
    },
    {
      what: 'longest time that the machine kept this process waiting',
      value: seconds(load.longestPause),
      unit: 's',
    },
  ];
}

/** Resolves when the running workers share the shards evenly and their records have been flowing for a while. */
export async function settled(lab: ChaosLab): Promise<void> {
  await lab.until('the shards to be shared evenly', SETTLE_LIMIT_MS, () => lab.balanced());
  const from = systemClock.monotonic() + WATCH_MS;
  await lab.until('records to flow', SETTLE_LIMIT_MS, () => systemClock.monotonic() > from && lab.balanced());
  await flowing(lab, from - WATCH_MS);
}

/** Waits until a record of every open shard has arrived since then. @returns when the last one did */
export async function flowing(lab: ChaosLab, since: number, limitMs = SETTLE_LIMIT_MS): Promise<number> {
  let last = since;
  await lab.until('records of every shard', limitMs, () => {
    const moved = lab.openShards().map(({ shardId }) => lab.tally.firstSince(shardId, since, () => true)?.at);
    last = Math.max(since, ...moved.map((at) => at ?? Number.POSITIVE_INFINITY));
    return Number.isFinite(last);
  });
  return last;
}

/** Waits until every one of these shards moves by a worker other than `old`. @returns when the last one did */
export async function takenOver(
  lab: ChaosLab,
  shardIds: ReadonlySet<string>,
  old: ConnectorProcess,
  since: number,
  limitMs: number,
): Promise<number> {
  let last = since;
  await lab.until(`the shards of ${old.name} to move again`, limitMs, () => {
    const moved = [...shardIds].map(
      (shardId) => lab.tally.firstSince(shardId, since, ({ worker }) => worker !== old.name)?.at,
    );
    last = Math.max(since, ...moved.map((at) => at ?? Number.POSITIVE_INFINITY));
    return Number.isFinite(last);
  });
  return last;
}

/** Seconds, two figures behind the point. */
export function seconds(ms: number): number {
  return Math.round(ms / 10) / 100;
}
