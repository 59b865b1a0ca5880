import { settle } from '../../support/manual-clock';
import { textOf } from '../../support/runner-lab';
import { nth, superviseLab } from '../../support/supervisor-lab';

describe('supervisor', () => {
  it('runs the sources and sinks of one file, and tells how they are', async () => {
    const { broker, health, sources, sinks, stop, done, states } = superviseLab();
    expect(health.ready).toBe(false);
    broker.publish('one', { value: Buffer.from('1') });
    broker.publish('two', { value: Buffer.from('2') });
    await settle();
    expect(health.ready).toBe(true);
    const [one, two] = [nth(sinks.one, 0), nth(sinks.two, 0)];
    expect([one.written.map(textOf), two.written.map(textOf)]).toEqual([['1'], ['2']]);
    one.ackAll();
    two.ackAll();
    stop.abort();
    expect(await done).toBe('drained');
    expect(nth(sources, 0).closes).toBe(1);
    expect(states()).toEqual([
      'source public/default/import 0 ended',
      'sink public/default/one 0 ended',
      'sink public/default/two 0 ended',
    ]);
  });

  it('runs as many instances of each as parallelism says, and each knows which one it is', async () => {
    const { broker, health, sources, sinks, stop, done, lines } = superviseLab({ parallelism: 3 });
    await settle();
    expect(health.ready).toBe(true);
    const idOf = ({ context }: { context: { instanceId: number; numInstances: number } | undefined }) =>
      context && `${context.instanceId} of ${context.numInstances}`;
    for (const made of [sources, sinks.one, sinks.two]) {
      expect(made.map(idOf)).toEqual(['0 of 3', '1 of 3', '2 of 3']);
    }
    nth(sources, 2).context?.logger.info({}, 'hello');
    expect(lines.at(-1)?.fields).toEqual({ source: 'import', instance: 2 });
    for (let n = 0; n < 9; n++) {
      broker.publish('one', { value: Buffer.from(String(n)) });
    }
    await settle();
    expect(sinks.one.map(({ written }) => written.length)).toEqual([3, 3, 3]);
    expect(sinks.one.flatMap(({ values }) => values).sort()).toEqual([...'012345678']);
    for (const sink of sinks.one) {
      sink.ackAll();
    }
    stop.abort();
    expect(await done).toBe('drained');
    expect(broker.backlog('one', 'public/default/one')).toBe(0);
  });

  it('a stop that came before the start starts nothing', async () => {
    const { sources, done, states } = superviseLab({ stopped: true });
    expect(await done).toBe('drained');
    expect(nth(sources, 0).context).toBeUndefined();
    expect(states()[0]).toBe('source public/default/import 0 ended');
  });

  it.each([
    [true, [undefined, 0]],
    [false, [0, 0]],
  ])(
    'with unsubscribe %s, the backlogs of a sink with cleanupSubscription and of another are %j',
    async (unsubscribe, backlogs) => {
      const { broker, stop, done } = superviseLab({ unsubscribe });
      await settle();
      stop.abort();
      await done;
      expect(['one', 'two'].map((name) => broker.backlog(name, `public/default/${name}`))).toEqual(backlogs);
    },
  );

  it('refuses to delete a subscription that several instances share, before it starts anything', async () => {
    const { done, sources } = superviseLab({ unsubscribe: true, parallelism: 2 });
    await expect(done).rejects.toMatchObject({
      code: 'USAGE',
      expected: expect.stringContaining('parallelism 1'),
      found: 'parallelism 2',
    });
    expect(sources).toEqual([]);
  });

  it('a connector of a class that cannot be had lets nothing start', async () => {
    const { done, sources, states } = superviseLab({ sinkClass: './no-such-module.cjs' });
    await expect(done).rejects.toMatchObject({ code: 'CONNECTOR_UNKNOWN', treatment: 'config' });
    expect(sources.map(({ context }) => context)).toEqual([undefined]);
    expect(states()).toEqual([]);
  });

  it('one that did not drain makes the whole undrained', async () => {
    const { broker, stop, done, clock } = superviseLab();
    broker.publish('two', { value: Buffer.from('2') });
    await settle();
    stop.abort();
    expect(await clock.run(done)).toBe('undrained');
  });

  it('stops many instances at the same time: all of them take as long as one', async () => {
    const closing = 20_000;
    const lab = superviseLab({
      parallelism: 20,
      onSource: (source) => {
        source.closing = () =>
          new Promise((resolve) => {
            lab.clock.setTimer(resolve, closing);
          });
      },
    });
    const { clock, health, stop, done } = lab;
    await settle();
    stop.abort();
    await settle();
    expect([health.ready, health.live]).toEqual([false, true]);
    expect(health.instances[0]?.state).toBe('stopping');
    const before = clock.monotonic();
    expect(await clock.run(done)).toBe('drained');
    expect(clock.monotonic() - before).toBe(closing);
    expect(clock.pending).toBe(0);
  });

  it('a connector that never closes is given up when every step of a stop would have come late', async () => {
    const { clock, stop, done, lines } = superviseLab({
      onSource: (source) => {
        source.closing = () => new Promise(() => undefined);
      },
    });
    await settle();
    stop.abort();
    const before = clock.monotonic();
    expect(await clock.run(done)).toBe('undrained');
    expect(clock.monotonic() - before).toBe(35_000);
    expect(lines.at(-1)?.fields).toMatchObject({ source: 'import', code: 'SHUTDOWN_DEADLINE' });
  });

  it('when one instance has caught up, all of its connector end; those of the others go on', async () => {
    const { broker, clock, sources, done, states, end, sinks } = superviseLab({
      parallelism: 2,
      untilCaughtUp: true,
      onSource: (source, n) => {
        if (n === 0) {
          source.opening = () => Promise.reject(new Error('no luck'));
        }
      },
    });
    broker.publish('one', { value: Buffer.from('1') });
    await settle();
    expect(states().slice(0, 2)).toEqual([
      'source public/default/import 0 restarting',
      'source public/default/import 1 running',
    ]);
    nth(sources, 1).caughtUp.resolve();
    await settle();
    expect(states().slice(0, 2)).toEqual([
      'source public/default/import 0 ended',
      'source public/default/import 1 ended',
    ]);
    expect(end).toEqual({});
    for (const sink of [...sinks.one, ...sinks.two]) {
      sink.ackAll();
    }
    expect(await clock.run(done)).toBe('drained');
  });
});
