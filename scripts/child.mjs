import { spawn } from 'node:child_process';
import { root } from './ensure.mjs';

/** Runs Node with `args` in this terminal; this process then ends the way the child did. */
export function become(args) {
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
  // A terminal sends Ctrl-C to the child as well: this process only waits for it to stop in order.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('exit', (code, signal) => {
    if (signal !== null) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
      return;
    }
    process.exitCode = code;
  });
}
