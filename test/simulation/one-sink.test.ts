import { randomInt } from '../../src/util/random';
import { OneSinkWorld, type SinkWorker } from '../support/one-sink-world';
import { CALM, type PutBug } from '../support/put-storm';

/**
 * What may go wrong in a run beside what the seed decides anyway (settings, amounts, reshards, restarts). `refusals`:
 * whatever leaves no doubt whether a record was stored. `lost answers`: also what does. `deaths`: also the end of
 * processes, and of acknowledgements.
 */
type Trouble = 'refusals' | 'lost answers' | 'deaths';

const STEPS = 14;
const MOST_WORKERS = 2;
/** After the last fault, milliseconds. */
const END_LIMIT_MS = 120_000;
/** Lines of a report; enough to see what is wrong. */
const MOST_LINES = 60;

const FIRST = Number(process.env.SIMULATE_FIRST_SEED ?? 1);
const SEEDS = Number(process.env.SIMULATE_SEEDS ?? 100);

/** One life of a topic; everything in it follows from the seed. @returns every broken promise, and what led to it */
async function live(seed: number, trouble: Trouble, bug?: PutBug): Promise<string[]> {
  const world = new OneSinkWorld(seed, bug);
  const { random, clock, audit, broker, puts, reads, settings } = world;
  const chance = (likelihood: number): boolean => random.next() < likelihood;
  const doubtful = trouble !== 'refusals';
  let workers: SinkWorker[] = [];
  let cut: SinkWorker | undefined;
  const forget = (worker: SinkWorker): void => {
    workers = workers.filter((other) => other !== worker);
  };
  const retire = async (worker: SinkWorker): Promise<void> => {
    audit.note(`${worker.name} is stopped`);
    const startedAt = clock.monotonic();
    worker.stop.abort(new Error('the simulation stops it'));
    await clock.run(worker.ended, END_LIMIT_MS);
    forget(worker);
    const took = clock.monotonic() - startedAt;
    if (took > settings.shutdownTimeoutMs + 1) {
      audit.broken(
        `${worker.name} took ${Math.round(took)} ms to stop, more than ${settings.shutdownTimeoutMs}`,
      );
    }
  };
  const storm = (): void => {
    const stormy = chance(0.5);
    const often = (most: number): number => (stormy && chance(0.5) ? random.next() * most : 0);
    Object.assign(puts, CALM, {
      refused: stormy && chance(0.1) ? 1 : often(0.6),
      throttled: often(0.4),
      failed: often(0.3),
      lost: doubtful ? often(0.4) : 0,
      late: doubtful ? often(0.3) : 0,
      slow: doubtful ? often(0.4) : 0,
    });
    reads.lostReads = often(0.3);
    reads.throttles = often(0.3);
    reads.slow = often(0.3);
    broker.behaviour.failNext = chance(0.1) ? 1 : 0;
    broker.behaviour.latencyMs = randomInt(random, 30);
    broker.behaviour.deliveryLatencyMs = 1 + randomInt(random, chance(0.1) ? 800 : 30);
    if (chance(0.15)) {
      world.stream.limit(random);
    }
  };

  world.publish(randomInt(random, 20));
  workers.push(world.startWorker());
  for (let n = 0; n < STEPS; n++) {
    world.publish(randomInt(random, chance(0.15) ? 80 : 16));
    storm();
    const [worker] = workers;
    if (trouble === 'deaths' && worker !== undefined && chance(0.12)) {
      const fated = worker;
      clock.setTimer(() => workers.includes(fated) && world.kill(fated), random.next() * 800);
    }
    await clock.advance(50 + randomInt(random, 1200));
    workers = workers.filter(({ life }) => life.end === undefined);
    world.look(workers);
    if (chance(0.25)) {
      world.reshard();
    }
    if (chance(0.08)) {
      puts.outage = doubtful && chance(0.5) ? 'silent' : 'refused';
      audit.note(`outage: ${puts.outage}`);
      await clock.advance(3000 + randomInt(random, 40_000));
      puts.outage = 'none';
    }
    const [first] = workers;
    if (first === undefined) {
      workers.push(world.startWorker());
    } else if (chance(0.15)) {
      // Before or after its successor has come, which gets what was cut off and is not settled yet.
      if (chance(0.5) && workers.length < MOST_WORKERS && first !== cut) {
        workers.push(world.startWorker());
        await clock.advance(randomInt(random, 500));
      }
      if (first.life.end === undefined) {
        await retire(first);
      }
    } else if (workers.length === 1 && chance(0.1)) {
      world.cut(workers, trouble === 'deaths');
      cut = workers[0];
    }
    if (doubtful && chance(0.1)) {
      await world.pause(workers[0], trouble === 'deaths');
    }
    if (trouble === 'deaths') {
      broker.behaviour.loseAcknowledgements = chance(0.1) ? 1 + randomInt(random, 3) : 0;
      if (chance(0.08)) {
        workers.push(world.startWorker());
      }
      if (chance(0.1)) {
        world.cut(workers, true, workers[randomInt(random, workers.length)]?.name);
      }
    }
  }

  world.heal();
  workers = workers.filter(({ life }) => life.end === undefined);
  if (workers.length === 0) {
    workers.push(world.startWorker());
  }
  world.cut(workers, workers.length > 1);
  const until = clock.monotonic() + END_LIMIT_MS;
  while (world.backlog > 0 && clock.monotonic() < until) {
    await clock.advance(500);
    world.look(workers);
    workers = workers.filter(({ life }) => life.end === undefined);
    if (workers.length === 0) {
      workers.push(world.startWorker());
    }
  }
  if (world.backlog > 0) {
    audit.broken(`${world.backlog} messages are not settled ${END_LIMIT_MS} ms after the last fault`);
  }
  for (const worker of workers) {
    await retire(worker);
  }
  audit.finish();
  const { violations } = audit;
  return violations.length === 0
    ? []
    : [
        `seed ${seed}, ${trouble}: ${JSON.stringify(settings)}`,
        ...violations.slice(0, 3).map(({ text }) => `seed ${seed}: ${text}`),
        ...audit.history(),
      ];
}

describe.each<[Trouble, string]>([
  ['refusals', 'refusals, outages, reshards, cuts and graceful restarts lose nothing and repeat nothing'],
  ['lost answers', 'answers lost and effects late repeat a record at most once each, and lose nothing'],
  ['deaths', 'crashes, pauses and lost acknowledgements repeat what was not acknowledged, and lose nothing'],
])('trouble: %s', (trouble, promise) => {
  test(`${promise} (seeds ${FIRST} to ${FIRST + SEEDS - 1})`, async () => {
    const broken: string[] = [];
    for (let seed = FIRST; seed < FIRST + SEEDS && broken.length < MOST_LINES; seed++) {
      broken.push(...(await live(seed, trouble)));
    }
    expect(broken).toEqual([]);
  }, 120_000);
});

test.each<[PutBug, RegExp]>([
  ['accepts and drops', /G8 message \d+ was acked before its entry was accepted/],
  ['stores twice', /G8 message \d+ is there 2 times, 1 are explained/],
  ['answers for the neighbour', /G8 message \d+ was acked before its entry was accepted/],
])('a Kinesis that %s is found out: %s', async (bug, expected) => {
  for (let seed = FIRST; seed < FIRST + 30; seed++) {
    const problems = await live(seed, 'refusals', bug);
    if (problems.some((problem) => expected.test(problem))) {
      return;
    }
  }
  throw new Error('30 seeds did not find it');
});
