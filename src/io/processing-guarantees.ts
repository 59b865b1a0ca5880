/** Source: Pulsar `FunctionConfig.ProcessingGuarantees`. MANUAL exists in Pulsar and is refused here. */
export type ProcessingGuarantees = 'ATLEAST_ONCE' | 'ATMOST_ONCE' | 'EFFECTIVELY_ONCE';
