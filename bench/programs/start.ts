import { ProgramProcess } from '../../test/support/program-process';

/** Starts bench/programs/NAME.ts as a process of its own. */
export function startProgram(
  name: string,
  settings: object,
  nodeOptions: readonly string[] = [],
): ProgramProcess {
  const script = ['-r', './scripts/typescript.cjs', `bench/programs/${name}.ts`];
  return new ProgramProcess([...nodeOptions, ...script, JSON.stringify(settings)]);
}
