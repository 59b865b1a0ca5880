import { connect } from 'node:net';
import { BinaryTransport } from '../../src/pulsar/binary-transport';
import type { Consumer, ConsumerOptions, ReceivedMessage } from '../../src/pulsar/transport';
import { sleep, systemClock } from '../../src/util/clock';
import { silentLogger } from '../../src/util/logger';
import { systemRandom } from '../../src/util/random';
import { type PulsarBroker, startPulsarBroker } from '../support/pulsar-broker';
import { fillTopic } from '../support/topic-fill';
import { PRODUCER, pulsarSettings } from '../support/transport-settings';
import { produceByJava } from '../support/websocket-producer';

async function probe(conf: { [k: string]: string }): Promise<void> {
  const broker: PulsarBroker = await startPulsarBroker({ conf });
  const transports: BinaryTransport[] = [];
  const subscribe = (topic: string, options: Partial<ConsumerOptions> = {}): Promise<Consumer> => {
    const transport = new BinaryTransport(pulsarSettings(broker.serviceUrl, { operationTimeout: 5000 }), PRODUCER, {
      clock: systemClock, random: systemRandom, logger: { ...silentLogger, warn: (f: object, m: string) => console.log(m, JSON.stringify(f)) } as never,
      connect: (host, port) => connect({ host, port, noDelay: true }),
    });
    transports.push(transport);
    return transport.subscribe({ topic, subscription: 'export', subscriptionType: 'Exclusive', initialPosition: 'earliest', receiverQueueSize: 1000, receiverQueueBytes: 16 * 1024 * 1024, negativeAckRedeliveryDelayMs: 300, ...options });
  };
  const take = async (c: Consumer, n: number): Promise<ReceivedMessage[]> => { const t: ReceivedMessage[] = []; while (t.length < n) t.push(...(await c.receive(n - t.length))); return t; };
  const out: string[] = [];
  try {
    out.push('missing ns: ' + await subscribe('public/nowhere/x.*', { isPattern: true }).then((c) => 'ok ' + JSON.stringify((c as never as {topics: string[]}).topics), (e) => String(e.code) + ' ' + e.message));
    out.push('missing tenant: ' + await subscribe('nobody/nowhere/x.*', { isPattern: true }).then(() => 'ok', (e) => String(e.code) + ' ' + e.message));
    for (const type of ['Shared', 'Exclusive'] as const) {
      const topic = `b-${type}`;
      await produceByJava(broker.wsUrl, topic, Array.from({ length: 20 }, (_, i) => ({ payload: Buffer.from(`m${i}`) })), { batchingEnabled: 'true', batchingMaxMessages: '10', batchingMaxPublishDelay: '1000' });
      const c = await subscribe(topic, { subscriptionType: type });
      const ms = await take(c, 20);
      for (const [i, m] of ms.entries()) if (i < 5 || (i >= 10 && i < 13)) c.acknowledge(m);
      await sleep(systemClock, 400);
      const st = async () => { const s = JSON.parse((await broker.admin('GET', `/persistent/public/default/${topic}/stats`)) ?? '{}').subscriptions.export; return JSON.stringify({ b: s.msgBacklog, un: s.unackedMessages, c: s.consumers.map((x: {unackedMessages: number; availablePermits: number}) => [x.unackedMessages, x.availablePermits]) }); };
      out.push(`${type} after 8 of 20 acked in parts: ${await st()}`);
      for (const [i, m] of ms.entries()) if (i < 10 && i >= 5) c.acknowledge(m);
      await sleep(systemClock, 400);
      out.push(`${type} first entry whole: ${await st()}`);
      await c.close(1000);
      const d = await subscribe(topic, { subscriptionType: type });
      const again: ReceivedMessage[] = [];
      const t0 = Date.now();
      while (Date.now() - t0 < 700) { const r = await Promise.race([d.receive(100), sleep(systemClock, 700)]); if (r === undefined) break; again.push(...r); }
      out.push(`${type} again: ${again.map((m) => Buffer.from(m.value ?? []).toString()).join()} ${await st()}`);
      for (const m of again) d.acknowledge(m);
      await sleep(systemClock, 400);
      out.push(`${type} all: ${await st()}`);
      await d.close(1000);
    }
  } finally {
    console.log(JSON.stringify(conf), '\n' + out.join('\n'));
    await Promise.all(transports.map((t) => t.close(1000)));
    await broker.dispose();
  }
  void fillTopic;
}
test('off', () => probe({}), 200_000);
test('on', () => probe({ acknowledgmentAtBatchIndexLevelEnabled: 'true' }), 200_000);
