import type { Account } from '../account';
import type { Fields } from '../fields';

/** One operation: reads its input, checks all of it, and only then changes anything. Runs in one go, so it is atomic. */
export type Operation = (account: Account, input: Fields) => object;
