import { endOnSignals } from './early-signals';

endOnSignals();
