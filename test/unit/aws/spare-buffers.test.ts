import { SpareBuffers } from '../../../src/aws/spare-buffers';

const KIB = 1024;

describe('spare buffers', () => {
  it('are used again, and by one at a time', () => {
    const spares = new SpareBuffers(1024 * KIB);
    const first = spares.take(100 * KIB);
    spares.give(first);
    expect(spares.take(90 * KIB)).toBe(first);
    expect(spares.take(90 * KIB)).not.toBe(first);
  });

  it('have room for what is asked', () => {
    const spares = new SpareBuffers(1024 * KIB);
    spares.give(spares.take(10));
    expect(spares.take(100 * KIB).length).toBeGreaterThanOrEqual(100 * KIB);
  });

  it('are let go of beyond the bytes that may be kept', () => {
    const spares = new SpareBuffers(128 * KIB);
    const [one, two, three] = [spares.take(64 * KIB), spares.take(64 * KIB), spares.take(64 * KIB)];
    for (const buffer of [one, two, three]) {
      spares.give(buffer);
    }
    expect([spares.take(1), spares.take(1)]).toEqual([two, one]);
    expect(spares.take(1)).not.toBe(three);
  });

  it('that were taken and are gone count no more', () => {
    const spares = new SpareBuffers(64 * KIB);
    spares.give(spares.take(64 * KIB));
    spares.take(64 * KIB);
    const next = spares.take(64 * KIB);
    spares.give(next);
    expect(spares.take(64 * KIB)).toBe(next);
  });
});
