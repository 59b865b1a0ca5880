import { existsSync, readdirSync } from 'node:fs';
import {
  CONSUMER_EVENTS,
  CONSUMER_STATES,
  type ConsumerEvent,
  type ConsumerState,
  nextConsumerState,
} from '../../../src/source/consumer-states';
import { page, rowsOf, section } from '../../support/markdown';

const text = page('docs/design.md');

test('every file and folder that the page names is there', () => {
  const named = [...text.matchAll(/`([a-z0-9-]+(?:\/[a-z0-9.-]+)*(?:\/|\.ts|\.md))`/g)].map(
    ([, path = '']) => path,
  );
  const missing = named.filter((path) => !existsSync(`src/${path}`) && !existsSync(path));
  expect(missing).toEqual([]);
  expect(new Set(named).size).toBeGreaterThan(30);
});

test('every folder of src/ has its row', () => {
  const rows = rowsOf(section(text, '## Folder by folder')).map(([names = '']) => names);
  const folders = readdirSync('src', { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).filter((name) => !rows.join().includes(`\`${name}/\``))).toEqual([]);
});

test('the table of states is that of a shard consumer', () => {
  const next = (state: ConsumerState, event: ConsumerEvent): string => {
    try {
      return nextConsumerState(state, event);
    } catch {
      return '–';
    }
  };
  const [, ...rows] = rowsOf(section(text, '## The states of a shard'));
  const table = CONSUMER_STATES.map((state) => [
    state,
    ...CONSUMER_EVENTS.map((event) => next(state, event)),
  ]);
  expect(rows).toEqual(table);
});
