import fc from 'fast-check';
import { covers, requireWholeRange } from '../../../src/stream/hash-coverage';
import { shardGraph } from '../../../src/stream/shard-graph';
import { KCL_EXAMPLE, shardOf } from '../../support/shards';

const ids = (shards: readonly { readonly shardId: string }[]): string[] =>
  shards.map(({ shardId }) => shardId);

describe('shardGraph', () => {
  it('knows parents, children and the oldest generation', () => {
    const graph = shardGraph(KCL_EXAMPLE);
    expect(ids(graph.roots)).toEqual(['0', '1', '2', '3', '4', '5']);
    expect(ids(graph.childrenOf('5'))).toEqual(['9', '10']);
    expect(ids(graph.childrenOf('7'))).toEqual(['8']);
    expect(ids(KCL_EXAMPLE.filter(({ shardId }) => shardId === '8').flatMap(graph.parentsOf))).toEqual([
      '6',
      '7',
    ]);
  });

  it('puts every shard behind its parents, in whatever order they are listed', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...KCL_EXAMPLE], { minLength: 1 }), (listed) => {
        const { parentsFirst, parentsOf } = shardGraph(listed);
        expect(new Set(parentsFirst)).toEqual(new Set(listed));
        parentsFirst.forEach((shard, index) => {
          for (const parent of parentsOf(shard)) {
            expect(parentsFirst.indexOf(parent)).toBeLessThan(index);
          }
        });
      }),
      { numRuns: 100 },
    );
  });

  it('gives the same order for the same shards', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...KCL_EXAMPLE], { minLength: KCL_EXAMPLE.length }), (listed) => {
        expect(ids(shardGraph(listed).parentsFirst)).toEqual(ids(shardGraph(KCL_EXAMPLE).parentsFirst));
      }),
      { numRuns: 50 },
    );
  });

  it('refuses an open child of an open parent', () => {
    const listed = [shardOf('a'), shardOf('b', { parents: ['a'], born: 200 })];
    expect(() => shardGraph(listed)).toThrow(
      expect.objectContaining({ code: 'KINESIS_LISTING_INCONSISTENT' }),
    );
  });

  it('refuses shards that descend from themselves', () => {
    const listed = [
      shardOf('a', { parents: ['b'], closed: true }),
      shardOf('b', { parents: ['a'], closed: true }),
    ];
    expect(() => shardGraph(listed)).toThrow(
      expect.objectContaining({ found: expect.stringContaining('a, b') }),
    );
  });
});

describe('coverage of the hash keys', () => {
  it('accepts one generation, and two that overlap', () => {
    requireWholeRange(KCL_EXAMPLE.slice(0, 6));
    requireWholeRange(KCL_EXAMPLE);
  });

  it.each(['0', '2', '5'])('names the first key without a shard when shard %s is missing', (lost) => {
    const generation = KCL_EXAMPLE.slice(0, 6);
    const gap = generation.find(({ shardId }) => shardId === lost)?.startingHashKey;
    expect(() => requireWholeRange(generation.filter(({ shardId }) => shardId !== lost))).toThrow(
      expect.objectContaining({
        code: 'KINESIS_HASH_RANGE_INCOMPLETE',
        found: `no shard for ${gap}`,
      }),
    );
  });

  it('tells whether children hold all keys of their parent', () => {
    const parent = shardOf('p', { part: [1, 3, 6] });
    const low = shardOf('l', { part: [1, 2, 6] });
    const high = shardOf('h', { part: [2, 3, 6] });
    expect(covers([high, low], parent)).toBe(true);
    expect(covers([low], parent)).toBe(false);
    expect(covers([high], parent)).toBe(false);
    expect(covers([shardOf('merged', { part: [0, 4, 6] })], parent)).toBe(true);
    expect(covers([], parent)).toBe(false);
  });
});
