import type { Api, KubeObject } from './api.ts';
import { eventually } from './eventually.ts';
import { trafficImage } from './images/named.ts';

const READY_LIMIT_MILLIS = 60_000;

export interface Workload {
  readonly name: string;
  /** Name of the node that it must be on. */
  readonly node: string;
  /** As images/traffic.c has them. */
  readonly args: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  /** One that the node has; default: traffic's. */
  readonly image?: string;
}

export interface PodStatus {
  readonly phase?: string;
  readonly podIP?: string;
  readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  readonly containerStatuses?: readonly {
    readonly containerID?: string;
    readonly ready: boolean;
    readonly restartCount: number;
    readonly state: {
      readonly waiting?: { readonly reason: string };
      readonly terminated?: { readonly exitCode: number };
    };
  }[];
}

export type WorkloadPod = KubeObject & { readonly spec: { readonly nodeName?: string }; readonly status: PodStatus };

/** Pods of one namespace that run traffic.c. */
export class Workloads {
  readonly #api: Api;
  readonly #namespace: string;
  readonly #pods: string;

  constructor(api: Api, namespace = 'default') {
    this.#api = api;
    this.#namespace = namespace;
    this.#pods = `/api/v1/namespaces/${namespace}/pods`;
  }

  /** Makes the pod; one that ends is not started again. */
  async create({ name, node, args, labels = {}, image }: Workload): Promise<void> {
    await this.#api.create(this.#pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels },
      spec: {
        nodeName: node,
        containers: [container(args, image)],
        restartPolicy: args[0] === 'connect' ? 'Never' : 'Always',
        terminationGracePeriodSeconds: 1,
      },
    });
  }

  /** Makes a Deployment of one pod and resolves with the pod when its server listens. It is found by its labels. */
  async deploy({ name, node, args, labels = {}, image }: Workload): Promise<WorkloadPod> {
    const spec = {
      affinity: onNode(node),
      terminationGracePeriodSeconds: 1,
      containers: [container(args, image)],
    };
    await this.#api.create(`/apis/apps/v1/namespaces/${this.#namespace}/deployments`, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    });
    const selector = Object.entries(labels).map(([label, value]) => `${label}=${value}`);
    const path = `${this.#pods}?${new URLSearchParams({ labelSelector: selector.join() }).toString()}`;
    const made = await eventually(async () => mustFind(await this.#api.list<WorkloadPod>(path)), {
      what: `Deployment ${name} has a pod`,
    });
    return this.untilReady(made.metadata.name);
  }

  get(name: string): Promise<WorkloadPod> {
    return this.#api.get(`${this.#pods}/${name}`);
  }

  /** Resolves with the pod when its server listens. */
  async untilReady(name: string): Promise<WorkloadPod> {
    return this.until(name, `pod ${name} is ready`, ({ conditions }) =>
      conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
    );
  }

  /** Makes the pod and resolves with it when its server listens. */
  async serve(workload: Workload): Promise<WorkloadPod> {
    await this.create(workload);
    return this.untilReady(workload.name);
  }

  /** Resolves with the pod when its status is as it should be. @param what as for `eventually` */
  async until(name: string, what: string, holds: (status: PodStatus) => boolean | undefined): Promise<WorkloadPod> {
    const check = async () => {
      const pod = await this.get(name);
      if (holds(pod.status) !== true) throw new Error(`its status is ${JSON.stringify(pod.status)}`);
      return pod;
    };
    return eventually(check, { what, timeoutMillis: READY_LIMIT_MILLIS });
  }
}

function container(args: readonly string[], image?: string): object {
  const from = image === undefined ? trafficImage() : { image, imagePullPolicy: 'Never' };
  return { name: 'traffic', args, ...from };
}

/** By the node's name: its label for a host name may be another one. */
function onNode(name: string): object {
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: [name] }];
  const requiredDuringSchedulingIgnoredDuringExecution = { nodeSelectorTerms: [{ matchFields }] };
  return { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution } };
}

function mustFind(pods: readonly WorkloadPod[]): WorkloadPod {
  const [pod] = pods;
  if (pod === undefined) throw new Error('there is none yet');
  return pod;
}
