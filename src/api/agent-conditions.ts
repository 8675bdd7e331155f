import type { ConditionTable } from './condition-table.ts';
import type { Aspect } from './transitions.ts';

/** The conditions of a FlowAgent, which its node's agent sets itself. A reason fixes the status. */
const CONDITIONS = {
  Ready: {
    meaning: 'The agent runs the whole plan of its node.',
    reasons: {
      PlanApplied: { status: 'True', meaning: 'Every capture of the plan runs.', remedy: '' },
      MissingPrivilege: {
        status: 'False',
        meaning: "The agent's container lacks a capability; the message names it.",
        remedy:
          "Give the agents' DaemonSet what docs/security.md lists, and look for a policy that takes it away. weir check in the agent's pod tells all that is missing.",
      },
      Unsupported: {
        status: 'False',
        meaning: "The node's kernel lacks something; the message says what.",
        remedy:
          "Update the kernel, or keep captures off the node with spec.nodeSelector. weir check in the agent's pod tells all that is missing.",
      },
      KernelRefused: {
        status: 'False',
        meaning: "The kernel refused a program; the message ends with the verifier's last line.",
        remedy: 'Report it with the message and the kernel of the node. The agent tries again every minute.',
      },
      AgentTooOld: {
        status: 'False',
        meaning: 'A capture asks for what this version of the agent cannot do; the others run.',
        remedy: "Bring the agents' DaemonSet to the version of the operator.",
      },
      Internal: {
        status: 'False',
        meaning: 'The agent failed in a way that it does not know.',
        remedy: "Look into the log of the node's agent, and report it.",
      },
    },
  },
  Degraded: {
    meaning: 'The counts of this node lack something, or would after a restart, though its plan may run.',
    reasons: {
      AsExpected: { status: 'False', meaning: 'Nothing is amiss.', remedy: 'None.' },
      Overloaded: {
        status: 'True',
        meaning:
          'The agent is short of memory or CPU and does without something: it reports live connections less often, then captures fewer of them. The message says how much; records say it in sampling.one_in.',
        remedy: 'Raise agent.resources in the values of the chart, or narrow captures down.',
      },
      Restarted: {
        status: 'True',
        meaning:
          'The agent was started again and could not go on with the capture of the one before: what ended between its former report and its begin is in no count. Shown for ten minutes.',
        remedy:
          'None after an update of Weir, or a reboot. Otherwise see that a bpffs is mounted on the node: weir check in the pod of the agent tells.',
      },
      NotKept: {
        status: 'True',
        meaning:
          "The capture runs, and ends with the agent's process: a restart or an update of the agent will miss connections. The message says why.",
        remedy:
          "Mount a bpffs on the node at /sys/fs/bpf, and see that the agent's container may write to it: weir check in its pod tells.",
      },
    },
  },
} as const;

/** For whoever goes through all of it. */
export const AGENT_CONDITIONS: ConditionTable[string] = CONDITIONS;

type Conditions = typeof CONDITIONS;
export type AgentReadyReason = keyof Conditions['Ready']['reasons'];
export type AgentDegradedReason = keyof Conditions['Degraded']['reasons'];

export function agentReady(reason: AgentReadyReason, message: string): Aspect {
  return { type: 'Ready', status: CONDITIONS.Ready.reasons[reason].status, reason, message };
}

export function agentDegraded(reason: AgentDegradedReason, message: string): Aspect {
  return { type: 'Degraded', status: CONDITIONS.Degraded.reasons[reason].status, reason, message };
}

/** An error's code as a reason: what the table does not know is Internal. */
export function agentReadyReason(code: string): AgentReadyReason {
  return isReadyReason(code) ? code : 'Internal';
}

function isReadyReason(code: string): code is AgentReadyReason {
  return code in CONDITIONS.Ready.reasons;
}
