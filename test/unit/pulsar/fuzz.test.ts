import { fuzzPulsar, newPulsarTally, pulsarReady } from '../../fuzz/pulsar/pulsar';

test('whatever a broker says, what was sent and received comes to an end with a code, or goes on', async () => {
  await pulsarReady();
  const tally = newPulsarTally();
  for (let seed = 1; seed <= 120; seed++) {
    await fuzzPulsar(seed, tally);
  }
  expect(tally.confirmed).toBeGreaterThan(1000);
  expect(tally.received).toBeGreaterThan(60);
  expect(Object.keys(tally.ended)).toEqual(expect.arrayContaining(['PULSAR_MESSAGE_UNREADABLE']));
});
