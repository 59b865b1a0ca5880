import { setFlagsFromString } from 'node:v8';

/**
 * Percent by which the heap may grow between two full collections. V8's own figure is up to 300 on machines with
 * much memory, and what a reader leaves behind between two collections would then outweigh what it holds (G5).
 */
const GROWTH_PERCENT = 20;

/**
 * Makes V8 collect garbage in time rather than late. For processes that are ours: it concerns the whole process,
 * so a library must not call it.
 */
export function boundHeapGrowth(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}
