import type { StreamDescription } from '../../../src/aws/kinesis-api';
import { ConnectorError } from '../../../src/errors';
import { TrimHorizon } from '../../../src/source/trim-horizon';
import { seededRandom } from '../../../src/util/random';
import { ManualClock } from '../../support/manual-clock';

const LOST = new ConnectorError('LEASE_LOST', 'scripted');

test('a shard whose lease is gone does not wait for the answer that another shard waits for', async () => {
  const clock = new ManualClock();
  const throttled = (): Promise<StreamDescription> =>
    Promise.reject(new ConnectorError('AWS_THROTTLED', 'scripted'));
  const horizon = new TrimHorizon(
    { describeStream: throttled },
    { name: 'stream' },
    { clock, random: seededRandom(1), bounds: { initialMs: 100, maxMs: 1000 } },
  );
  const first = new AbortController();
  const second = new AbortController();
  const waiting = horizon.look(first.signal);
  const other = horizon.look(second.signal);
  second.abort(LOST);
  let ended: unknown;
  other.catch((reason) => {
    ended = reason;
  });
  await clock.advance(10_000);
  expect(ended).toBe(LOST);
  first.abort(LOST);
  await expect(waiting).rejects.toBe(LOST);
});
