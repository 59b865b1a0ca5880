// Runs a command the way the container would: its own root, read-only but for /tmp, an unprivileged user, nothing else writable.
import { spawn } from 'node:child_process';

const SYSTEM = ['bin', 'lib', 'lib64', 'usr', 'etc'];

/**
 * The script that makes the root `$1` out of the tree `$2` and this machine's system folders, mounts the configuration
 * `$3`, and becomes `"${@:5}"` as user `$4` there. Mounts vanish with the process: they are in a namespace of their own.
 */
const ENTER = `
set -euo pipefail
root=$1 tree=$2 config=$3 user=$4
mount -t tmpfs none "$root"
for name in ${SYSTEM.join(' ')}; do
  if [ -L "/$name" ]; then cp -P "/$name" "$root/$name"; continue; fi
  [ -d "/$name" ] || continue
  mkdir "$root/$name"
  mount --rbind "/$name" "$root/$name"
  mount -o remount,bind,ro "$root/$name"
done
mkdir "$root/proc" "$root/dev" "$root/tmp" "$root/config" "$root/app"
mount --bind /dev "$root/dev"
mount -t tmpfs none "$root/tmp"
chmod 1777 "$root/tmp"
mount --bind "$config" "$root/config" && mount -o remount,bind,ro "$root/config"
mount --bind "$tree/app" "$root/app" && mount -o remount,bind,ro "$root/app"
mount -o remount,ro "$root"
exec chroot --userspec="$user" --groups= "$root" "\${@:5}"
`;

/** Whether this machine lets us: mounts in a namespace of our own need root. */
export function canEnter() {
  return process.platform === 'linux' && process.getuid() === 0;
}

/** @returns the child process; standard output and error are pipes. */
export function enter(image, { root, config }, command, env) {
  const script = ['-c', ENTER, 'enter', root, image.root, config, image.user, ...command];
  return spawn('unshare', ['--mount', '--propagation', 'private', 'bash', ...script], {
    env: { PATH: process.env.PATH, ...image.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
