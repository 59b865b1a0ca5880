import { readFileSync } from 'node:fs';
import { ERRORS } from '../../../src/errors';
import { maxValueBytes } from '../../../src/pulsar/websocket-frames';
import { CAPABILITIES } from '../../contract/transport/capabilities';

const page = readFileSync('docs/pulsar.md', 'utf8');

const mark = (able: boolean): string => (able ? 'yes' : 'no');

/** The table of what not every transport can do, as the contract suite has it. */
function capabilityTable(): string {
  const rows = Object.values(CAPABILITIES).map(
    ({ text, binary, websocket, 'pulsar-client': client, memory }) =>
      `| ${text} | ${[binary, websocket, client, memory].map(mark).join(' | ')} |`,
  );
  return [
    '| | binary protocol | WebSocket | pulsar-client | memory |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

test('the table of what transports can do is that of the contract suite', () => {
  expect(page).toContain(capabilityTable());
});

test('every code that the page names is one', () => {
  const named = [...page.matchAll(/`(PULSAR_[A-Z_]+)`/g)].map(([, code = '']) => code);
  expect(named.filter((code) => !Object.hasOwn(ERRORS, code))).toEqual([]);
  expect(new Set(named).size).toBeGreaterThan(15);
});

test('the size that fits a WebSocket frame is told as it is', () => {
  const told = Number(/about ([\d,]+) bytes of value/.exec(page)?.[1]?.replace(/,/g, ''));
  expect(Math.abs(told - maxValueBytes(1024 * 1024))).toBeLessThan(1000);
});
