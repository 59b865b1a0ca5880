import { readdirSync, readFileSync } from 'node:fs';
import { ERRORS, type ErrorCode } from '../../../src/errors';
import { METRICS } from '../../../src/metrics/definitions';

const page = readFileSync('docs/outcomes.md', 'utf8');

/** Cells of the table of outcomes, by code. */
const outcomes = new Map(
  page
    .split('\n')
    .filter((line) => /^\| .* \| [A-Z]+_[A-Z_]+ \|/.test(line))
    .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '')))
    .map(([, code = '', treatment, metric]) => [code, { treatment, metric }]),
);

test('every error that AWS may give a source is an outcome on the page, with what comes of it', () => {
  const codes = Object.keys(ERRORS).filter(
    (code) => /^(AWS|KINESIS)_/.test(code) || code === 'SOURCE_DATA_LOSS',
  );
  const expected = codes.map((code) => [code, ERRORS[code as ErrorCode].treatment]);
  const found = [...outcomes].map(([code, { treatment }]) => [code, treatment]);
  expect(found.sort()).toEqual(expected.sort());
});

test('every metric that the page names is one', () => {
  const named = [...page.matchAll(/`([a-z]+(?:_[a-z]+)+)`/g)].map(([, name = '']) => name);
  expect(named.filter((name) => !Object.hasOwn(METRICS, name))).toEqual([]);
  expect(named.length).toBeGreaterThan(20);
});

test('every line of the log that the page quotes is written somewhere', () => {
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(`src/${path}`, 'utf8'));
  const quoted = [...page.matchAll(/`([a-z][a-z ]+; [^`]+)`/g)].map(([, line = '']) => line);
  expect(quoted.length).toBeGreaterThan(4);
  expect(quoted.filter((line) => !sources.some((source) => source.includes(`'${line}'`)))).toEqual([]);
});
