import fc from 'fast-check';
import { type AwsKeys, RenewedCredentials } from '../../../src/aws/renewed-credentials';
import { ConnectorError } from '../../../src/errors';
import { type LogFields, type Logger, silentLogger } from '../../../src/util/logger';
import { ManualClock, settle } from '../../support/manual-clock';

const MINUTE = 60_000;

/** Somebody who gives out keys, each with a number and a life. */
class Issuer {
  readonly clock = new ManualClock();
  readonly warnings: LogFields[] = [];
  asked = 0;
  down = false;
  lifeMs: number | undefined = 15 * MINUTE;

  readonly credentials = new RenewedCredentials({
    what: 'a role',
    clock: this.clock,
    logger: { ...silentLogger, warn: (fields) => this.warnings.push(fields) } as Logger,
    fetch: async () => {
      this.asked++;
      if (this.down) {
        throw new ConnectorError('AWS_UNAVAILABLE', 'the issuer is down');
      }
      return {
        accessKeyId: `key ${this.asked}`,
        secretAccessKey: 'secret',
        ...(this.lifeMs === undefined ? {} : { expiration: new Date(this.clock.now() + this.lifeMs) }),
      };
    },
  });

  async keyId(): Promise<string> {
    const { accessKeyId } = await this.credentials.get();
    await settle();
    return accessKeyId;
  }
}

let issuer: Issuer;
beforeEach(() => {
  issuer = new Issuer();
});

test('keys are asked for once, however many sign at the same time', async () => {
  const keys = await Promise.all(Array.from({ length: 5 }, () => issuer.keyId()));
  expect(new Set(keys)).toEqual(new Set(['key 1']));
  expect(issuer.asked).toBe(1);
});

test('keys are replaced some minutes before they end, and nobody waits for it', async () => {
  await issuer.keyId();
  await issuer.clock.advance(10 * MINUTE - 1);
  expect(await issuer.keyId()).toBe('key 1');
  expect(issuer.asked).toBe(1);
  await issuer.clock.advance(1);
  expect(await issuer.keyId()).toBe('key 1');
  expect(await issuer.keyId()).toBe('key 2');
});

test('keys without an end are kept', async () => {
  issuer.lifeMs = undefined;
  await issuer.keyId();
  await issuer.clock.advance(1000 * 24 * 60 * MINUTE);
  expect(await issuer.keyId()).toBe('key 1');
});

test('an issuer that is down is reported once, asked again with pauses, and nobody fails while the keys hold', async () => {
  await issuer.keyId();
  issuer.down = true;
  await issuer.clock.advance(10 * MINUTE);
  for (let second = 0; second < 280; second++) {
    expect(await issuer.keyId()).toBe('key 1');
    await issuer.clock.advance(1000);
  }
  expect(issuer.warnings).toEqual([
    expect.objectContaining({ credentials: 'a role', code: 'AWS_UNAVAILABLE', validForMs: 295_000 }),
  ]);
  expect(issuer.asked).toBeLessThan(20);
  expect(issuer.asked).toBeGreaterThan(10);
  await issuer.clock.advance(20_000);
  await expect(issuer.credentials.get()).rejects.toMatchObject({
    cause: expect.objectContaining({ code: 'AWS_UNAVAILABLE' }),
  });
  issuer.down = false;
  expect(await issuer.keyId()).toMatch(/^key/);
});

test('keys that a service refuses are replaced at the next call, once for all calls signed with them', async () => {
  await issuer.keyId();
  await issuer.clock.advance(MINUTE);
  issuer.credentials.refused();
  expect(await issuer.keyId()).toBe('key 2');
  issuer.credentials.refused();
  expect(await issuer.keyId()).toBe('key 2');
});

test('whatever happens, only keys that hold are given out, and as long as there are any', async () => {
  const steps = fc.record({
    ms: fc.integer({ min: 0, max: 20 * MINUTE }),
    down: fc.boolean(),
    lifeMs: fc.integer({ min: 1000, max: 60 * MINUTE }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { maxLength: 30 }), async (run) => {
      const clock = new ManualClock();
      let last: AwsKeys | undefined;
      let now: (typeof run)[number] | undefined;
      const credentials = new RenewedCredentials({
        what: 'x',
        clock,
        fetch: async () => {
          if (now?.down !== false) {
            throw new ConnectorError('AWS_UNAVAILABLE', 'down');
          }
          const expiration = new Date(clock.now() + now.lifeMs);
          last = { accessKeyId: 'a', secretAccessKey: 'b', expiration };
          return last;
        },
      });
      for (const step of run) {
        now = step;
        await clock.advance(step.ms);
        const holds = (last?.expiration?.getTime() ?? 0) - 5000 > clock.now();
        const keys = await credentials.get().catch(() => undefined);
        expect(keys?.expiration?.getTime() ?? Number.POSITIVE_INFINITY).toBeGreaterThan(clock.now());
        expect(keys !== undefined || (step.down && !holds)).toBe(true);
        await settle();
      }
    }),
    { numRuns: 50 },
  );
});
