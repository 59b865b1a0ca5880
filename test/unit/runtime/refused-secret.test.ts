import { ConnectorError, type ErrorCode } from '../../../src/errors';
import { HealthBoard } from '../../../src/runtime/health';
import { keepRunning, type Life } from '../../../src/runtime/keep-running';
import { silentLogger } from '../../../src/util/logger';
import { seededRandom } from '../../../src/util/random';
import { ManualClock } from '../../support/manual-clock';

const SETTINGS = { initialDelayMs: 1000, maxDelayMs: 60_000, resetAfterMs: 300_000, maxFailures: 10 };

/** Runs an instance that is refused `refusals` times, and then ends well. @param changes by the reads of secrets */
async function run(code: ErrorCode, refusals: number, changes: number) {
  const clock = new ManualClock();
  let version = 0;
  let read = 0;
  let lives = 0;
  const next = (): Life => async () => {
    if (++lives <= refusals) {
      throw new ConnectorError(code, 'refused');
    }
    return 'drained';
  };
  const secrets = {
    get version() {
      return version;
    },
    refresh: async () => {
      version += read++ < changes ? 1 : 0;
    },
  };
  const ended = keepRunning({
    first: next(),
    next,
    settings: SETTINGS,
    shutdownTimeoutMs: 1000,
    clock,
    random: seededRandom(1),
    logger: silentLogger,
    health: new HealthBoard(clock).add('source', 'orders', 0),
    stop: new AbortController().signal,
    secrets,
  }).catch((error: unknown) => error);
  await clock.advance(60_000);
  return { outcome: await ended, lives, read };
}

test('an instance whose secret was refused starts again once the secret has changed', async () => {
  expect(await run('PULSAR_AUTHENTICATION', 1, 1)).toEqual({ outcome: 'drained', lives: 2, read: 1 });
});

test('a secret that is refused and has not changed ends the process', async () => {
  expect(await run('PULSAR_AUTHENTICATION', 2, 1)).toEqual({
    outcome: expect.objectContaining({ code: 'PULSAR_AUTHENTICATION' }),
    lives: 2,
    read: 2,
  });
});

test('what is no refusal of a secret is no reason to read any', async () => {
  expect(await run('PULSAR_AUTHORIZATION', 1, 1)).toMatchObject({ lives: 1, read: 0 });
});

test('a stop does not wait for secrets that are read anew', async () => {
  const clock = new ManualClock();
  const stop = new AbortController();
  const refused: Life = async () => {
    throw new ConnectorError('PULSAR_AUTHENTICATION', 'refused');
  };
  const ended = keepRunning({
    first: refused,
    next: () => refused,
    settings: SETTINGS,
    shutdownTimeoutMs: 1000,
    clock,
    random: seededRandom(1),
    logger: silentLogger,
    health: new HealthBoard(clock).add('source', 'orders', 0),
    stop: stop.signal,
    secrets: { version: 0, refresh: () => new Promise(() => undefined) },
  });
  await clock.advance(1);
  stop.abort();
  await expect(ended).rejects.toMatchObject({ code: 'PULSAR_AUTHENTICATION' });
});
