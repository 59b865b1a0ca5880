/** Milliseconds of the machine's monotonic clock: the same in every process of it, so that one can stamp and another read. */
export function machineMillis(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
