import { openStream } from '../../../src/sink/stream-opening';
import { type LogFields, type Logger, silentLogger } from '../../../src/util/logger';
import { seededRandom } from '../../../src/util/random';
import { ManualClock } from '../../support/manual-clock';
import { evenShards } from '../../support/put-lab';
import { ScriptedPutApi, unavailable } from '../../support/scripted-put-api';

/** A stream on its way to be opened, on virtual time, and what is said meanwhile. */
function setUp() {
  const clock = new ManualClock();
  const api = new ScriptedPutApi(clock, evenShards(2));
  const said: LogFields[] = [];
  const note = (fields: LogFields): void => {
    said.push(fields);
  };
  const logger: Logger = { ...silentLogger, info: note, warn: note };
  const bounds = { initialMs: 100, maxMs: 60_000 };
  const policy = { clock, random: seededRandom(1), bounds, logger };
  const open = () => openStream(api, { name: 'exports' }, policy, new AbortController().signal);
  return { clock, api, said, open };
}

describe('opening a stream', () => {
  it('says nothing when all goes well', async () => {
    const { said, open } = setUp();
    await open();
    expect(said).toEqual([]);
  });

  it('says why it does not come about, for as long as it does not', async () => {
    const { clock, api, said, open } = setUp();
    api.listingError = unavailable();
    const opening = open();
    await clock.advance(600_000);
    expect(said.slice(0, 2)).toMatchObject([
      { code: 'AWS_UNAVAILABLE', attempt: 1, waitMs: expect.any(Number), reason: expect.any(String) },
      { attempt: 2 },
    ]);
    const before = said.length;
    await clock.advance(120_000);
    expect(said.length).toBeGreaterThan(before);
    api.listingError = undefined;
    await clock.run(opening);
  });

  it('says once that it waits for a stream that is being created', async () => {
    const { clock, api, said, open } = setUp();
    api.status = 'CREATING';
    const opening = open();
    await clock.advance(10_000);
    expect(said).toEqual([{ stream: 'exports', status: 'CREATING' }]);
    api.status = 'ACTIVE';
    await clock.run(opening);
  });
});
