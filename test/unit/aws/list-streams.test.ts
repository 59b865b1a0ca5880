import { listAllStreams } from '../../../src/aws/list-streams';

test('all streams are listed, however many pages they stand on', async () => {
  const names = Array.from({ length: 7 }, (_, n) => `orders-${n}`);
  const asked: (string | undefined)[] = [];
  const kinesis = {
    listStreams: async ({ after }: { readonly after?: string }) => {
      asked.push(after);
      const rest = names.filter((name) => name > (after ?? ''));
      const streams = rest.slice(0, 3).map((name) => ({ name, createdAt: undefined }));
      return { streams, more: rest.length > 3 };
    },
  };
  const listed = await listAllStreams(kinesis, new AbortController().signal);
  expect(listed.map(({ name }) => name)).toEqual(names);
  expect(asked).toEqual([undefined, 'orders-2', 'orders-5']);
});

test('a listing under way ends with its signal', async () => {
  const stop = new AbortController();
  const kinesis = {
    listStreams: async () => {
      stop.abort(new Error('stopped'));
      return { streams: [{ name: 'a', createdAt: undefined }], more: true };
    },
  };
  await expect(listAllStreams(kinesis, stop.signal)).rejects.toThrow('stopped');
});
