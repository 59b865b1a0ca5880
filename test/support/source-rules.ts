import { posix } from 'node:path';
import { type SourceFacts, sourceFacts } from './source-facts';

/** Source texts by their path below src/, with forward slashes. */
export type SourceTree = ReadonlyMap<string, string>;

const FOUNDATION = ['errors', 'util', 'io'];
const AWS = [...FOUNDATION, 'config', 'metrics', 'stream', 'aws'];
const ENGINE = [...AWS, 'lease', 'retrieval'];
const CONNECTORS = [
  ...ENGINE,
  'source',
  'sink',
  'pulsar',
  'pulsar/protocol',
  'runtime',
  'offsets',
  'explore',
  'iam',
  'doctor',
];

/** What each part may import beside itself: DESIGN §4. `outside` is anything that is not in src/, schemas for example. */
const MAY_IMPORT: { readonly [part: string]: readonly string[] } = {
  errors: [],
  util: [],
  io: ['errors', 'util'],
  config: [...FOUNDATION, 'outside'],
  metrics: FOUNDATION,
  stream: FOUNDATION,
  aws: AWS,
  lease: AWS,
  retrieval: AWS,
  source: ENGINE,
  sink: ENGINE,
  'pulsar/protocol': ['util'],
  pulsar: [...FOUNDATION, 'config', 'pulsar/protocol'],
  runtime: [...CONNECTORS.filter((part) => part !== 'doctor')],
  explore: ENGINE,
  iam: [...FOUNDATION, 'config', 'stream'],
  doctor: [...CONNECTORS],
  offsets: [...ENGINE, 'source'],
  emulator: ['util', 'stream'],
  index: CONNECTORS,
  cli: [...CONNECTORS, 'emulator', 'index', 'outside'],
};

/** Facilities that only one place may touch, so that everything else can be run on other ones. */
const RESERVED: readonly { readonly use: RegExp; readonly place: RegExp }[] = [
  { use: /^(process|node:process)\.(env|\*)$/, place: /^config\// },
  { use: /^(process|node:process)\.(exit|abort|\*)$/, place: /^cli\// },
  {
    use: /^(set(Timeout|Interval|Immediate)|performance|new Date\(\)|Date\.now|process\.hrtime|AbortSignal\.timeout|node:(timers|timers\/promises|perf_hooks)\..*)$/,
    place: /^util\/clock\.ts$/,
  },
  {
    use: /^(Math\.random|crypto\.(random\w+|getRandomValues)|node:crypto\.(random\w+|webcrypto|\*))$/,
    place: /^util\/random\.ts$/,
  },
];

/** Every break of the rules, one line each; empty when there is none. */
export function findViolations(tree: SourceTree): string[] {
  const facts = new Map([...tree].map(([path, source]) => [path, sourceFacts(source)]));
  const graph = new Map([...facts].map(([path, file]) => [path, localImports(path, file, tree)]));
  return [...wrongDirections(graph), ...findCycles(graph), ...reservedUses(facts)];
}

/** `pulsar/protocol` is a part of its own inside `pulsar`; a file at the root is one too. */
function partOf(path: string): string {
  if (path.startsWith('../')) {
    return 'outside';
  }
  const [first = '', second = ''] = path.split('/');
  return first === 'pulsar' && second === 'protocol' ? 'pulsar/protocol' : first.replace(/\.ts$/, '');
}

function localImports(path: string, file: SourceFacts, tree: SourceTree): string[] {
  return file.imports
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => {
      const target = posix.join(posix.dirname(path), specifier);
      return [`${target}.ts`, `${target}/index.ts`].find((candidate) => tree.has(candidate)) ?? target;
    });
}

function wrongDirections(graph: ReadonlyMap<string, readonly string[]>): string[] {
  return [...graph].flatMap(([path, targets]) => {
    const part = partOf(path);
    const allowed = MAY_IMPORT[part];
    if (allowed === undefined) {
      return [`${path}: there is no part named ${part}`];
    }
    return targets
      .filter((target) => partOf(target) !== part && !allowed.includes(partOf(target)))
      .map((target) => `${path}: ${part} must not import ${target}`);
  });
}

function findCycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const cycles: string[] = [];
  const walk = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      cycles.push(`cycle: ${[...trail.slice(start), path].join(' -> ')}`);
      return;
    }
    if (!done.has(path)) {
      for (const target of graph.get(path) ?? []) {
        walk(target, [...trail, path]);
      }
      done.add(path);
    }
  };
  for (const path of graph.keys()) {
    walk(path, []);
  }
  return cycles;
}

function reservedUses(facts: ReadonlyMap<string, SourceFacts>): string[] {
  return [...facts].flatMap(([path, { uses }]) =>
    uses
      .filter((use) => RESERVED.some((rule) => rule.use.test(use) && !rule.place.test(path)))
      .map((use) => `${path}: must not use ${use}`),
  );
}
