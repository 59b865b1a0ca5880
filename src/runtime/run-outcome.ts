/** How a run ended: everything drained, or what was in flight when the time was up left unconfirmed. */
export type RunOutcome = 'drained' | 'undrained';
