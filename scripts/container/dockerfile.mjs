// The part of the Dockerfile language that ours uses. What it does not know it refuses, so that nothing goes unchecked.

/** The stages of `text`, in order: `{ name, base, steps: [{ instruction, flags, args, text }] }`. */
export function parseDockerfile(text) {
  const variables = {};
  const stages = [];
  for (const line of logicalLines(text)) {
    const [, instruction, rest] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (instruction === 'ARG') {
      const [name, value = ''] = rest.split('=');
      variables[name] = value;
    } else if (instruction === 'FROM') {
      const [, base, name] = /^(\S+)(?:\s+AS\s+(\S+))?$/i.exec(substitute(rest, variables)) ?? [];
      stages.push({ name: name ?? String(stages.length), base, steps: [] });
    } else if (STEPS.has(instruction) && stages.length > 0) {
      stages.at(-1).steps.push(step(instruction, rest));
    } else {
      throw new Error(`Dockerfile: cannot follow "${line}"`);
    }
  }
  return stages;
}

const STEPS = new Set([
  'WORKDIR',
  'COPY',
  'RUN',
  'ENV',
  'USER',
  'EXPOSE',
  'STOPSIGNAL',
  'HEALTHCHECK',
  'ENTRYPOINT',
  'CMD',
]);

function logicalLines(text) {
  return text
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line))
    .join('\n')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function substitute(text, variables) {
  return text.replace(/\$\{(\w+)\}/g, (_, name) => variables[name] ?? '');
}

function step(instruction, rest) {
  const flags = {};
  const text = rest.replace(/^(?:--([\w-]+)=(\S+)\s+)+/, (given) => {
    for (const [, name, value] of given.matchAll(/--([\w-]+)=(\S+)/g)) {
      flags[name] = value;
    }
    return '';
  });
  const json = /^(?:CMD\s+)?(\[.*\])$/.exec(text)?.[1];
  return { instruction, flags, text, args: json === undefined ? text.split(/\s+/) : JSON.parse(json) };
}
