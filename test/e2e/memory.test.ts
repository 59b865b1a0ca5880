import { ALLOWANCE_BYTES, CASES, measureMemory, RECEIVE_QUEUE_BYTES } from '../../bench/memory.bench';

jest.setTimeout(120_000);

const MIB = 1024 * 1024;

test.each(CASES)('a slow Pulsar does not make memory grow: $label', async (memoryCase) => {
  const peakBytes = await measureMemory(memoryCase);
  console.info(`${memoryCase.label}: ${Math.round(peakBytes / MIB)} MiB resident at most`);
  expect(peakBytes).toBeGreaterThan(0);
  expect(peakBytes).toBeLessThan(RECEIVE_QUEUE_BYTES + ALLOWANCE_BYTES);
});
