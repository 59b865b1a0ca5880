import { FakeWebSocketService } from '../../support/fake-websocket-service';
import type { ConsumerBackend } from './consumer-lab';

/** A fake service over real sockets. */
export async function websocketBackend(): Promise<ConsumerBackend> {
  const service = await FakeWebSocketService.start();
  const { broker, script } = service;
  const publish: ConsumerBackend['publish'] = (topic, ...messages) => {
    for (const message of messages) {
      broker.publish(topic, message);
    }
  };
  return {
    serviceUrl: service.serviceUrl,
    operationTimeout: 300,
    publish,
    // It shows in the names of messages alone; see the unit tests of the tracker, and the e2e suite.
    publishBatch: publish,
    cut: () => service.disconnect(),
    goAway: () => service.stop(),
    comeBack: () => service.listen(),
    loseAcknowledgements: (count) => {
      broker.behaviour.loseAcknowledgements = count;
    },
    fallSilent: () => {
      script.answersPing = false;
    },
    stop: async () => {
      await service.stop().catch(() => undefined);
    },
  };
}
