/** The most that the API allows: what is measured is what records cost, not where a capture's limit cuts them off. */
export const UNLIMITED = { limits: { flowsPerSecond: 1_000_000 } } as const;
