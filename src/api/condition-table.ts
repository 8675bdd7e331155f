/**
 * Every condition that Weir sets, with every reason it can have: the one table behind the operator, docs/conditions.md
 * and the tests. A reason fixes the status, so that no two places can disagree about what it means.
 */

export type ConditionStatus = 'True' | 'False' | 'Unknown';

interface ReasonRow {
  readonly status: ConditionStatus;
  /** What is so. */
  readonly meaning: string;
  /** What a person can do about it; empty where there is nothing to do. */
  readonly remedy: string;
}

interface ConditionRow {
  readonly meaning: string;
  readonly reasons: Readonly<Record<string, ReasonRow>>;
}

export type ConditionTable = Readonly<Record<string, Readonly<Record<string, ConditionRow>>>>;

const WAITS_FOR_ACCEPTED = {
  status: 'Unknown',
  meaning: 'The object is not accepted, so nothing of it runs.',
  remedy: 'See the condition Accepted.',
} as const;

const WAITS_FOR_REFS = {
  status: 'Unknown',
  meaning: 'An export of the capture cannot be used, so the capture does not run.',
  remedy: 'See the condition ResolvedRefs.',
} as const;

const NO_FLOWS_YET = {
  status: 'Unknown',
  meaning: 'No flow has been reported so far.',
  remedy: 'None, if the pods have closed no connection yet.',
} as const;

const NOT_SUPPORTED_YET = {
  status: 'False',
  meaning: 'The object asks for something that this version of Weir does not do; the message names the field.',
  remedy: 'Remove the field, or give it the value in the message. docs/api.md lists such fields.',
} as const;

const SINK_UNREACHABLE = {
  status: 'False',
  meaning: 'On some node the latest records did not reach the destination; the message says which node and why.',
  remedy: "Mend the destination, or the export's spec.",
} as const;

const NO_PODS_MATCHED = {
  meaning: 'No running pod has the labels that the capture asks for; the message says which labels there are.',
  remedy: 'Correct the selector, or start the pods.',
} as const;

const SUSPENDED = {
  meaning: 'spec.suspend is true: nothing is captured.',
  remedy: 'Set spec.suspend to false.',
} as const;

const COMPLETED = {
  meaning: 'The capture has ended by itself, after spec.durationSeconds; its counters stay.',
  remedy: 'Create it anew, or give it a longer durationSeconds.',
} as const;

const STALLED =
  'Set, to True, only while nothing but a change of the spec can help; absent otherwise. It takes its reason from Accepted.';

/** A reason that stands for another condition's: told there, and not twice. */
function see(condition: string): Pick<ReasonRow, 'meaning' | 'remedy'> {
  const words = `See the condition ${condition}.`;
  return { meaning: words, remedy: words };
}

export const CONDITIONS = {
  FlowCapture: {
    Accepted: {
      meaning: 'The spec is legal here, and this version of Weir can do all that it asks for.',
      reasons: {
        Accepted: { status: 'True', meaning: 'The capture is legal.', remedy: '' },
        NotSupportedYet: NOT_SUPPORTED_YET,
        NamespaceNotPermitted: {
          status: 'False',
          meaning: "The capture looks into other namespaces, which only one in the operator's namespace may.",
          remedy: "Remove namespaceSelector, or create the capture in the operator's namespace.",
        },
        InvalidSelector: {
          status: 'False',
          meaning: 'A selector is none that Kubernetes would take.',
          remedy: 'Correct it as the message says.',
        },
        InvalidPeers: {
          status: 'False',
          meaning: 'A network of spec.peers is none, or a range of ports runs backwards.',
          remedy: 'Correct it as the message says.',
        },
      },
    },
    ResolvedRefs: {
      meaning: 'Every export that the capture names exists, is accepted and allows the capture.',
      reasons: {
        ResolvedRefs: { status: 'True', meaning: 'Every export can be used.', remedy: '' },
        ExportNotFound: {
          status: 'False',
          meaning: 'A FlowExport that the capture names does not exist.',
          remedy: 'Create it, or correct the name.',
        },
        ExportNotAllowed: {
          status: 'False',
          meaning: 'A FlowExport in another namespace does not allow this one, or there is none of that name.',
          remedy: "Set the export's spec.allowedNamespaces.",
        },
        ExportNotAccepted: {
          status: 'False',
          meaning: 'A FlowExport that the capture names is itself not accepted.',
          remedy: 'See its condition Accepted.',
        },
      },
    },
    Programmed: {
      meaning: 'Every node that should run this generation of the capture reports that it does.',
      reasons: {
        Programmed: {
          status: 'True',
          meaning: 'All of them do; where no node has a pod in scope, none has to.',
          remedy: '',
        },
        Suspended: { status: 'True', ...SUSPENDED },
        Completed: { status: 'True', ...COMPLETED },
        AgentNotReporting: {
          status: 'Unknown',
          meaning:
            'A node that should run this generation has not said yet whether it does, or has no agent that could.',
          remedy:
            "Wait some seconds; then look at the agent's pod on the node in the message, and at kubectl get flowagents.",
        },
        ProgramFailed: {
          status: 'False',
          meaning: "A node's kernel refused a program, or it ended; the message has the verifier's last line.",
          remedy: 'See the message and status.failures.',
        },
        Unsupported: {
          status: 'False',
          meaning: 'A node cannot run the capture: its kernel or its agent is too old.',
          remedy: 'Upgrade what the message names, or leave the node out with spec.nodeSelector.',
        },
        PlanTooLarge: {
          status: 'False',
          meaning: 'A node has so many captures that this one does not fit into its plan.',
          remedy: 'Suspend or merge captures.',
        },
        NotAccepted: WAITS_FOR_ACCEPTED,
        RefsNotResolved: WAITS_FOR_REFS,
      },
    },
    Delivering: {
      meaning: 'Flows reach every export of the capture.',
      reasons: {
        Delivering: { status: 'True', meaning: 'They do.', remedy: '' },
        NoFlowsYet: NO_FLOWS_YET,
        NoPodsMatched: { status: 'Unknown', ...NO_PODS_MATCHED },
        Suspended: { status: 'Unknown', ...SUSPENDED },
        Completed: { status: 'Unknown', ...COMPLETED },
        SinkUnreachable: SINK_UNREACHABLE,
        NotAccepted: WAITS_FOR_ACCEPTED,
        RefsNotResolved: WAITS_FOR_REFS,
      },
    },
    Ready: {
      meaning:
        'The summary for kubectl wait and for GitOps: False if another condition is, Unknown while Programmed is.',
      reasons: {
        Delivering: { status: 'True', meaning: 'Flows reach every export.', remedy: '' },
        NoFlowsYet: {
          status: 'True',
          meaning: 'All is in place, and no flow has been reported so far.',
          remedy: NO_FLOWS_YET.remedy,
        },
        NoPodsMatched: { status: 'True', ...NO_PODS_MATCHED },
        Suspended: { status: 'True', ...SUSPENDED },
        Completed: { status: 'True', ...COMPLETED },
        AgentNotReporting: { status: 'Unknown', ...see('Programmed') },
        NotSupportedYet: { status: 'False', ...see('Accepted') },
        NamespaceNotPermitted: { status: 'False', ...see('Accepted') },
        InvalidSelector: { status: 'False', ...see('Accepted') },
        InvalidPeers: { status: 'False', ...see('Accepted') },
        ExportNotFound: { status: 'False', ...see('ResolvedRefs') },
        ExportNotAllowed: { status: 'False', ...see('ResolvedRefs') },
        ExportNotAccepted: { status: 'False', ...see('ResolvedRefs') },
        ProgramFailed: { status: 'False', ...see('Programmed') },
        Unsupported: { status: 'False', ...see('Programmed') },
        PlanTooLarge: { status: 'False', ...see('Programmed') },
        SinkUnreachable: { status: 'False', ...see('Delivering') },
      },
    },
    Stalled: {
      meaning: STALLED,
      reasons: {
        NotSupportedYet: { status: 'True', ...see('Accepted') },
        NamespaceNotPermitted: { status: 'True', ...see('Accepted') },
        InvalidSelector: { status: 'True', ...see('Accepted') },
        InvalidPeers: { status: 'True', ...see('Accepted') },
      },
    },
  },
  FlowExport: {
    Accepted: {
      meaning: 'The spec is legal here, and this version of Weir can do all that it asks for.',
      reasons: {
        Accepted: { status: 'True', meaning: 'The export is legal.', remedy: '' },
        NotSupportedYet: NOT_SUPPORTED_YET,
        NamespaceNotPermitted: {
          status: 'False',
          meaning:
            "The export writes on the nodes themselves (stdout, file), which only one in the operator's namespace may.",
          remedy:
            "Create it in the operator's namespace, and allow the captures' namespaces with spec.allowedNamespaces.",
        },
      },
    },
    ResolvedRefs: {
      meaning: 'Every object that the export refers to exists and may be used.',
      reasons: {
        ResolvedRefs: { status: 'True', meaning: 'The export refers to nothing that is missing.', remedy: '' },
      },
    },
    Delivering: {
      meaning: 'The destination takes the records, on every node that has some.',
      reasons: {
        Delivering: { status: 'True', meaning: 'It does.', remedy: '' },
        NoFlowsYet: NO_FLOWS_YET,
        NotUsed: {
          status: 'Unknown',
          meaning: 'No capture that runs names the export.',
          remedy: 'Name it in the spec.exports of a FlowCapture.',
        },
        SinkUnreachable: SINK_UNREACHABLE,
        NotAccepted: WAITS_FOR_ACCEPTED,
      },
    },
    Ready: {
      meaning: 'The summary for kubectl wait and for GitOps: False if another condition is.',
      reasons: {
        Delivering: { status: 'True', meaning: 'The destination takes the records.', remedy: '' },
        NoFlowsYet: {
          status: 'True',
          meaning: 'All is in place, and no flow has been reported so far.',
          remedy: NO_FLOWS_YET.remedy,
        },
        NotUsed: {
          status: 'True',
          meaning: 'No capture that runs names the export.',
          remedy: 'Name it in the spec.exports of a FlowCapture.',
        },
        NotSupportedYet: { status: 'False', ...see('Accepted') },
        NamespaceNotPermitted: { status: 'False', ...see('Accepted') },
        SinkUnreachable: { status: 'False', ...see('Delivering') },
      },
    },
    Stalled: {
      meaning: STALLED,
      reasons: {
        NotSupportedYet: { status: 'True', ...see('Accepted') },
        NamespaceNotPermitted: { status: 'True', ...see('Accepted') },
      },
    },
  },
} as const satisfies ConditionTable;
