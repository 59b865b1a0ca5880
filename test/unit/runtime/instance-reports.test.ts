import type { ConnectorStatus } from '../../../src/io';
import { parseExposition } from '../../support/prometheus-exposition';
import { nth, superviseLab } from '../../support/supervisor-lab';

const said = (recordsIn: number): ConnectorStatus => ({
  shards: [],
  recordsIn,
  recordsOut: 0,
  bytesIn: 0,
  recordsQueued: 0,
  bytesQueued: 0,
});

test('what a connector says of itself is shown until it has ended, and then what the next start says', async () => {
  const lab = superviseLab({
    restart: { initialDelayMs: 5000 },
    onSource: (source, n) => {
      source.opening = async () => source.context?.exposeStatus?.(() => said(n));
    },
  });
  const shown = () => lab.health.reports().map(({ status }) => status?.recordsIn);
  await lab.clock.advance(10);
  expect(shown()).toEqual([0, undefined, undefined]);
  nth(lab.sources, 0).context?.fatal(new Error('lost its way'));
  await lab.clock.advance(10);
  const [failed] = lab.health.reports();
  expect(failed).toMatchObject({ state: 'restarting', error: 'lost its way', numRestarts: 0 });
  expect(lab.clock.now() - (failed?.errorAt ?? 0)).toBeLessThan(20);
  expect(shown()[0]).toBeUndefined();
  await lab.clock.advance(60_000);
  expect(shown()[0]).toBe(1);
  lab.stop.abort();
  await lab.clock.run(lab.done);
  expect(shown()).toEqual([undefined, undefined, undefined]);
});

test('a connector that fails to say anything of itself does not keep the others from it', async () => {
  const lab = superviseLab({
    parallelism: 2,
    onSource: (source, n) => {
      source.opening = async () =>
        source.context?.exposeStatus?.(() => {
          if (n === 0) {
            throw new Error('against the contract');
          }
          return said(n);
        });
    },
  });
  await lab.clock.advance(10);
  expect(
    lab.health.reports().map(({ instanceId, state, status }) => [instanceId, state, status?.recordsIn]),
  ).toEqual(
    expect.arrayContaining([
      [0, 'running', undefined],
      [1, 'running', 1],
    ]),
  );
  lab.stop.abort();
  await lab.clock.run(lab.done);
});

test('starts anew are counted, and what was counted before them goes on', async () => {
  const lab = superviseLab();
  const values = async (name: string) => {
    const families = parseExposition(await lab.prometheus.text());
    const samples = families.get(`pulsar_io_kinesis_${name}`)?.samples ?? [];
    return samples.filter(({ labels }) => labels.kind === 'source').map(({ value }) => value);
  };
  for (let n = 0; n < 3; n++) {
    await lab.clock.advance(60_000);
    const { context } = nth(lab.sources, n);
    context?.metrics.instrument('records_delivered', { topic: 't' }).record(10);
    context?.metrics.record('mine', 1);
    expect(await values('instance_restarts_total')).toEqual([n]);
    expect(await values('records_delivered_total')).toEqual([10 * (n + 1)]);
    context?.fatal(new Error('again'));
  }
  lab.stop.abort();
  await lab.clock.run(lab.done);
  expect(await values('records_delivered_total')).toEqual([30]);
  expect(await values('records_in_flight')).toEqual([]);
});
