import { ConnectorError } from '../../../src/errors';
import { settle } from '../../support/manual-clock';
import { denied, throttled } from '../../support/runner-lab';
import { nth, superviseLab } from '../../support/supervisor-lab';

const failing = (error: Error) => () => Promise.reject(error);

describe('an instance that fails', () => {
  it('is started again as a fresh connector after the wait, while the others go on', async () => {
    const { clock, health, sources, sinks, stop, done, states, lines } = superviseLab({ parallelism: 2 });
    await settle();
    nth(sources, 1).context?.fatal(new Error('a defect of its own'));
    await settle();
    expect(states().slice(0, 2)).toEqual([
      'source public/default/import 0 running',
      'source public/default/import 1 restarting',
    ]);
    expect([health.ready, health.live]).toEqual([false, true]);
    const { error, nextStart = '' } = health.instances[1] ?? {};
    expect(error).toBe('a defect of its own');
    const wait = Date.parse(nextStart) - clock.now();
    expect(wait).toBeLessThanOrEqual(1000);
    await clock.advance(wait - 1);
    expect(sources).toHaveLength(2);
    await clock.advance(1);
    expect(health.ready).toBe(true);
    expect(health.instances[1]).toMatchObject({ state: 'running', numRestarts: 1 });
    expect(health.instances[1]?.error).toBeUndefined();
    expect(nth(sources, 2).context?.instanceId).toBe(1);
    expect([nth(sources, 0).closes, nth(sources, 1).closes, nth(sinks.one, 0).closes]).toEqual([0, 1, 0]);
    expect(lines.map(({ level, message, fields }) => [level, message, fields.instance])).toEqual([
      ['warn', 'failed; it is started again after the wait', 1],
      ['info', 'the instance runs again', 1],
    ]);
    expect(lines[0]?.fields).toMatchObject({ source: 'import', code: 'Error', failures: 1, waitMs: wait });
    stop.abort();
    expect(await done).toBe('drained');
    expect(clock.pending).toBe(0);
  });

  it('of an error that cannot heal ends the process: the others drain, its error is the outcome', async () => {
    const { broker, sources, sinks, done, states, health, lines } = superviseLab();
    broker.publish('two', { value: Buffer.from('2') });
    await settle();
    const two = nth(sinks.two, 0);
    two.closing = async () => {
      expect(health.live).toBe(false);
      two.ackAll();
    };
    nth(sinks.one, 0).context?.fatal(denied);
    await expect(done).rejects.toBe(denied);
    expect([nth(sources, 0).closes, two.closes]).toEqual([1, 1]);
    expect(broker.backlog('two', 'public/default/two')).toBe(0);
    expect(states()).toEqual([
      'source public/default/import 0 ended',
      'sink public/default/one 0 failed',
      'sink public/default/two 0 ended',
    ]);
    expect(health.instances[1]?.error).toContain('AWS_ACCESS_DENIED');
    expect(lines).toEqual([
      {
        level: 'error',
        message: 'failed and is not started again; all is stopped',
        fields: {
          sink: 'one',
          instance: 0,
          code: 'AWS_ACCESS_DENIED',
          error: expect.stringContaining('denied'),
          failures: 1,
        },
      },
    ]);
  });

  it('before it ever ran is started again as well', async () => {
    const { clock, health, stop, done } = superviseLab({
      onSource: (source, n) => {
        if (n < 3) {
          source.opening = failing(throttled);
        }
      },
    });
    await clock.advance(1000 + 2000 + 4000);
    expect(health.ready).toBe(true);
    expect(health.instances[0]?.numRestarts).toBe(3);
    stop.abort();
    expect(await done).toBe('drained');
  });

  it('again and again of a kind that heals is started for as long as it takes', async () => {
    const { clock, sources, stop, done, end } = superviseLab({
      onSource: (source) => {
        source.opening = failing(throttled);
      },
    });
    await clock.advance(3_600_000);
    // Waits are 30 s on average once they have grown.
    expect(sources.length).toBeGreaterThan(60);
    expect(end).toEqual({});
    stop.abort();
    expect(await done).toBe('drained');
  });

  it('too often in a row without ever running well ends the process with its error', async () => {
    const defect = new Error('always');
    const { clock, sources, sinks, done } = superviseLab({
      restart: { maxFailures: 4 },
      onSource: (source) => {
        source.opening = failing(defect);
      },
    });
    await expect(clock.run(done)).rejects.toBe(defect);
    expect(sources).toHaveLength(4);
    expect(nth(sinks.one, 0).closes).toBe(1);
  });

  it('now and then, and runs well in between, is never given up', async () => {
    const { clock, sources, stop, done } = superviseLab({
      restart: { maxFailures: 2, resetAfterMs: 60_000 },
    });
    for (let n = 0; n < 5; n++) {
      await clock.advance(61_000);
      nth(sources, n).context?.fatal(new Error('now and then'));
    }
    await clock.advance(1000);
    expect(sources).toHaveLength(6);
    stop.abort();
    expect(await done).toBe('drained');
  });

  it('and waits to be started again ends at once with a stop; what it had in flight comes again', async () => {
    const { clock, sources, stop, done, states } = superviseLab();
    await settle();
    nth(sources, 0).context?.fatal(throttled);
    await settle();
    expect(states()[0]).toBe('source public/default/import 0 restarting');
    stop.abort();
    expect(await done).toBe('undrained');
    expect(clock.pending).toBe(0);
    expect(sources).toHaveLength(1);
  });

  it('while it is stopped, of a kind that may heal, leaves the run undrained and not failed', async () => {
    const { sinks, stop, done, lines, states } = superviseLab();
    await settle();
    nth(sinks.two, 0).closing = failing(throttled);
    stop.abort();
    expect(await done).toBe('undrained');
    expect(lines.at(-1)).toMatchObject({ level: 'error', fields: { sink: 'two', code: 'AWS_THROTTLED' } });
    expect(states()[2]).toBe('sink public/default/two 0 failed');
  });

  it('while it is stopped, of an error that cannot heal, is told of; the first such error is the outcome', async () => {
    const { sinks, done, lines } = superviseLab();
    await settle();
    nth(sinks.two, 0).closing = failing(new ConnectorError('KINESIS_STREAM_NOT_FOUND', 'gone'));
    nth(sinks.one, 0).context?.fatal(denied);
    await expect(done).rejects.toBe(denied);
    expect(lines.map(({ fields: { sink, code } }) => `${sink} ${code}`)).toEqual([
      'one AWS_ACCESS_DENIED',
      'two KINESIS_STREAM_NOT_FOUND',
    ]);
  });

  it('and never closes ends the process: it cannot be started twice', async () => {
    const { clock, sources, done, sinks, lines } = superviseLab({
      onSource: (source) => {
        source.closing = () => new Promise(() => undefined);
      },
    });
    await settle();
    nth(sources, 0).context?.fatal(throttled);
    const error = await clock.run(done).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'SHUTDOWN_DEADLINE', cause: throttled });
    // What it failed of comes first for whoever has to mend it.
    expect(lines.map(({ fields: { source, error } }) => [source, error])).toEqual([
      ['import', expect.stringContaining('throttled')],
    ]);
    expect(sources).toHaveLength(1);
    expect(nth(sinks.one, 0).closes).toBe(1);
  });

  it('is not ready from the moment it closes, and forgets which parts stood still', async () => {
    const { clock, health, sources, stop, done } = superviseLab();
    await settle();
    const source = nth(sources, 0);
    source.context?.stalled('shard-1 reader', throttled);
    expect(health.ready).toBe(false);
    expect(health.instances[0]?.stalled).toEqual([
      { part: 'shard-1 reader', code: 'AWS_THROTTLED', reason: 'throttled' },
    ]);
    source.closing = () =>
      new Promise((resolve) => {
        clock.setTimer(resolve, 10);
      });
    source.context?.fatal(throttled);
    await settle();
    expect(health.instances[0]?.state).toBe('stopping');
    await clock.advance(2000);
    expect(health.instances[0]).toMatchObject({ state: 'running', stalled: [] });
    expect(health.ready).toBe(true);
    stop.abort();
    await done;
  });
});
