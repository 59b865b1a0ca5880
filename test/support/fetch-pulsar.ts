import { pulsarDistribution } from './pulsar-distribution';

/** Global setup of the e2e tests: has the broker they start. */
module.exports = async (): Promise<void> => {
  await pulsarDistribution();
};
