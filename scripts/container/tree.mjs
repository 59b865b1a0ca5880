// What `docker build` would make of the Dockerfile, as a directory: COPY and RUN are really done, the base image is not there.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

/**
 * Builds every stage below `folder`.
 * @returns of the last one: `{ root, workdir, env, user, entrypoint, cmd, healthcheck, stopsignal }`
 */
export function buildTree(stages, { context, ignored, folder, run }) {
  const built = new Map();
  let last;
  for (const { name, steps } of stages) {
    const image = { root: join(folder, name), workdir: '/', env: {}, user: '0:0' };
    mkdirSync(image.root, { recursive: true });
    for (const step of steps) {
      apply(step, image, { built, context, ignored, run });
    }
    built.set(name, image);
    last = image;
  }
  return last;
}

function apply({ instruction, flags, args, text }, image, { built, context, ignored, run }) {
  switch (instruction) {
    case 'WORKDIR':
      image.workdir = args[0];
      mkdirSync(join(image.root, image.workdir), { recursive: true });
      return;
    case 'ENV':
      Object.assign(image.env, Object.fromEntries(args.map((pair) => pair.split(/=(.*)/s).slice(0, 2))));
      return;
    case 'COPY':
      copy(args, flags.from === undefined ? undefined : built.get(flags.from), image, { context, ignored });
      return;
    case 'RUN':
      run(text, join(image.root, image.workdir), image.env);
      return;
    case 'USER':
      image.user = args[0];
      return;
    case 'ENTRYPOINT':
      image.entrypoint = args;
      return;
    case 'CMD':
      image.cmd = args;
      return;
    case 'HEALTHCHECK':
      image.healthcheck = args;
      return;
    case 'STOPSIGNAL':
      image.stopsignal = args[0];
      return;
    default: // EXPOSE only describes
  }
}

function copy(args, from, image, { context, ignored }) {
  const sources = args.slice(0, -1);
  const target = join(image.root, args.at(-1).startsWith('/') ? '/' : image.workdir, args.at(-1));
  const intoFolder = sources.length > 1 || args.at(-1).endsWith('/');
  for (const source of sources) {
    if (from === undefined && ignored(source)) {
      throw new Error(`Dockerfile: COPY ${source}: .dockerignore keeps it out of the build`);
    }
    const path = join(from?.root ?? context, source);
    // Docker copies what is in a folder, and a file under its own name when the target is a folder.
    const isFolder = statSync(path).isDirectory();
    const to = intoFolder && !isFolder ? join(target, basename(source)) : target;
    cpSync(path, to, { recursive: true, verbatimSymlinks: true });
  }
}

/** `*` and `!name` lines, the only kinds that our .dockerignore has. */
export function dockerignore(text) {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines[0] !== '*' || lines.slice(1).some((line) => !/^![\w.-]+$/.test(line))) {
    throw new Error('.dockerignore: expected * and then !name lines');
  }
  const kept = new Set(lines.slice(1).map((line) => line.slice(1)));
  return (path) => !kept.has(path.split('/')[0]);
}

/** Runs one RUN line as Docker does, in a shell. */
export function shell(line, cwd, env) {
  const { status } = spawnSync('/bin/sh', ['-c', line], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) {
    throw new Error(`RUN ${line}: exit code ${status}`);
  }
}
