import type { Values } from '../record/field.ts';

/** Why a flow was observed and reached no export: the closed list, each reason with where it is counted and what helps. */
export const LOSS_REASONS = {
  ringFull: 'The ring buffer was full: the agent drained it too slowly. Counted in the kernel.',
  tooManyConnections:
    'More connections lived at once than are tracked, so this one was never measured. Counted in the kernel.',
  storageUnavailable: 'The kernel had no memory for the state of the connection. Counted in the kernel.',
  rateLimited: 'The capture has a limit of records a second on each node (limits.flowsPerSecond), which was reached.',
  queueFull: 'The queue of an export was full: its sink is slower than the flows come.',
  sinkFailed: 'The sink of an export refused the batch, and once more after a pause where that could help.',
  drainTimeout: 'Weir was told to stop, and the time to empty the queues was over.',
  agentRestart:
    'The agent was killed while it held the record, and the kernel had its room back already: exports were far behind.',
} as const satisfies Values;

export type LossReason = keyof typeof LOSS_REASONS;

/** The losses that only the kernel can count. */
export const KERNEL_LOSSES = ['ringFull', 'tooManyConnections', 'storageUnavailable'] as const satisfies LossReason[];

export type KernelLoss = (typeof KERNEL_LOSSES)[number];

/** Why a flow of a capture's set was not the capture's after all. */
export const FILTER_REASONS = {
  direction: 'The capture wants only connections that the pod opened, or only those that it accepted.',
  peer: 'The capture does not want this far side, by its address, by its port, or by its labels.',
  peerUnknown: 'The capture wants far sides by label, and who this one was is not known: it might be wanted.',
  notSelected:
    'The owner was not known yet when the kernel saw the connection, and turned out not to be selected by the capture.',
  captureEnded: 'The capture was taken out of the plan while the record was on its way.',
} as const satisfies Values;

export type FilterReason = keyof typeof FILTER_REASONS;

/** Those that the kernel counts too, where it can decide for every capture that selects the pod. */
export const KERNEL_FILTERS = ['direction', 'peer'] as const satisfies FilterReason[];

export type KernelFilter = (typeof KERNEL_FILTERS)[number];

/** How an export ended for a flow. */
export type Outcome = 'delivered' | LossReason;
