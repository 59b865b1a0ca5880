import { sleep, systemClock } from '../../src/util/clock';
import { type Random, randomInt } from '../../src/util/random';
import { type ChaosLab, FAILOVER_MS, RENEWAL_MS } from './chaos-lab';
import type { ConnectorProcess } from './connector-process';
import { Resharder } from './resharder';
import { type Finding, inLab, type Scenario, seconds, settled } from './scenario';

const WORKERS = 4;
/** Every other pause is one that costs the worker its leases. */
const SHORT_PAUSE_MS = { from: 500, to: 0.5 * FAILOVER_MS };
const LONG_PAUSE_MS = { from: FAILOVER_MS, to: 1.5 * FAILOVER_MS };
const LONGEST_ABSENCE_MS = 3000;
/** A worker paused for longer may find that its leases have run out: it renewed them up to one interval before. */
const HARMLESS_PAUSE_MS = FAILOVER_MS - RENEWAL_MS - 1000;

type Blow = 'kill' | 'stop' | 'pause';

/** What the blows may cost, and how many there were. */
class Ledger {
  readonly blows: { [blow in Blow]: number } = { kill: 0, stop: 0, pause: 0 };
  longPauses = 0;
  /** Leases that went to another worker while theirs was paused. */
  lost = 0;
  /** Records that may arrive twice. */
  allowed = 0;
}

/** Four workers, one of which is killed, stopped or paused at random each round, while shards split and merge. */
export const storm: Scenario = {
  rounds: 20,
  run: ({ rounds, random, onRound }) =>
    inLab({ shards: 4, recordsPerSecond: 200, keys: 64 }, async (lab): Promise<Finding[]> => {
      const ledger = new Ledger();
      for (let worker = 0; worker < WORKERS; worker++) {
        lab.start();
      }
      await settled(lab);
      const resharder = new Resharder(lab, random);
      const pauses: Promise<void>[] = [];
      try {
        for (let round = 1; round <= rounds; round++) {
          await strike(lab, random, ledger, pauses);
          await sleep(systemClock, 1000 + randomInt(random, 3000));
          lab.requireAlive();
          onRound(round);
        }
      } finally {
        resharder.stop();
        await Promise.all(pauses);
      }
      await settled(lab);
      return [
        { what: 'killed', value: ledger.blows.kill, unit: 'times' },
        { what: 'stopped', value: ledger.blows.stop, unit: 'times' },
        {
          what: 'paused',
          value: ledger.blows.pause,
          unit: `times, ${ledger.longPauses} beyond failoverTime`,
        },
        { what: 'splits and merges', value: resharder.splits + resharder.merges, unit: 'shards' },
        {
          what: 'sent twice, at most what a killed or long paused worker had sent in one renewal interval',
          value: lab.tally.duplicates,
          unit: 'records',
          atMost: ledger.allowed,
        },
        { what: 'leases lost while paused', value: ledger.lost, unit: 'leases' },
        {
          what: 'sent by the paused worker after that',
          value: lab.lateArrivals,
          unit: 'records',
          atMost: 0,
        },
        { what: 'longest from put to arrival', value: seconds(lab.tally.longestDelay), unit: 's' },
      ];
    }),
};

/** One blow at one worker. A pause goes on beside what follows; another worker comes for one that ended. */
async function strike(lab: ChaosLab, random: Random, ledger: Ledger, pauses: Promise<void>[]): Promise<void> {
  const awake = lab.running.filter(({ paused }) => !paused);
  const victim = awake[randomInt(random, awake.length)];
  // Somebody has to be left to go on.
  const blows = awake.length > 2 ? (['kill', 'stop', 'pause'] as const) : (['kill', 'stop'] as const);
  const blow = blows[randomInt(random, blows.length)];
  if (victim === undefined || blow === undefined) {
    throw new Error('no worker is left');
  }
  ledger.blows[blow]++;
  if (blow === 'pause') {
    const { from, to } = random.next() < 0.5 ? SHORT_PAUSE_MS : LONG_PAUSE_MS;
    pauses.push(pause(lab, victim, from + randomInt(random, to - from), ledger));
    return;
  }
  if (blow === 'kill') {
    const at = victim.kill();
    await victim.ended;
    ledger.allowed += lab.tally.within(at - RENEWAL_MS, Number.POSITIVE_INFINITY, victim.name).length;
  } else {
    await victim.stop();
  }
  await sleep(systemClock, randomInt(random, LONGEST_ABSENCE_MS));
  lab.start();
}

async function pause(lab: ChaosLab, victim: ConnectorProcess, ms: number, ledger: Ledger): Promise<void> {
  const held = lab.shardsOf(victim);
  const at = systemClock.monotonic();
  victim.pause();
  await sleep(systemClock, ms);
  const lost = new Set([...held].filter((shardId) => lab.ownerOf(shardId) !== victim.name));
  const risked = ms > HARMLESS_PAUSE_MS ? held : lost;
  ledger.lost += lost.size;
  ledger.longPauses += ms > FAILOVER_MS ? 1 : 0;
  ledger.allowed += lab.tally.within(at - RENEWAL_MS, Number.POSITIVE_INFINITY, victim.name, risked).length;
  lab.watchLost(victim, lost);
  victim.resume();
}
