import { consumerScenarios } from '../contract/transport/consumer-scenarios';
import { producerScenarios } from '../contract/transport/producer-scenarios';
import { type PulsarBroker, startPulsarBroker } from '../support/pulsar-broker';
import { realBackend } from '../support/real-transport-backends';

let broker: PulsarBroker;

beforeAll(async () => {
  broker = await startPulsarBroker();
}, 120_000);

afterAll(() => broker?.dispose(), 60_000);

// The scenarios of the contract suite, so that the fakes there are kept honest.
const [binary, websocket] = [
  async () => realBackend(broker, broker.serviceUrl),
  async () => realBackend(broker, broker.wsUrl),
];
producerScenarios('binary', binary, false);
producerScenarios('websocket', websocket, false);
consumerScenarios('binary', binary, false);
consumerScenarios('websocket', websocket, false);
