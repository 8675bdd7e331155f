/**
 * Pod and container from the path of a cgroup, as kubelet, containerd, CRI-O, Docker and Podman name them. Pure: the path
 * comes from /proc or from the cgroup2 mount.
 */

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

/** What a cgroup's path says of the process in it. */
export interface CgroupIdentity {
  /** As in metadata.uid; of a static pod the hash of its configuration, 32 hex digits. */
  readonly podUid: string | undefined;
  /** 64 hex digits. */
  readonly containerId: string | undefined;
  readonly qos: QosClass | undefined;
}

const MAX_PATH = 4096; // PATH_MAX
const MAX_LINES = 64; // more than there are cgroup v1 controllers
const UID = String.raw`[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32}`;
/** A pod of the systemd driver; a prefix is a cgroup root that kubelet was given: `kubelet-kubepods-…`. */
const POD_SLICE = new RegExp(`^(?:[^/]+-)?kubepods(?:-(burstable|besteffort))?-pod(${UID})\\.slice$`);
/** A pod of the cgroupfs driver, somewhere below a directory `kubepods`. */
const POD_DIRECTORY = new RegExp(`^pod(${UID})$`);
/** The runtimes' own names. `crio-conmon-…` and `libpod-conmon-…` are monitors, outside of the container. */
const SCOPE = /^(?:cri-containerd|crio|docker|libpod|nerdctl)-([0-9a-f]{64})(?:\.scope)?$/;
/** The last one: a node may itself be a container of another node. */
const KUBELET_ROOT = /^(.*(?:^|[/-])kubepods(?:\.slice)?)\//;
const BARE_ID = /^[0-9a-f]{64}$/;
const QOS: ReadonlyMap<string, QosClass> = new Map([
  ['burstable', 'Burstable'],
  ['besteffort', 'BestEffort'],
]);

/**
 * The innermost pod in the path and its container, so that a pod in a node that is itself a container (kind) is that pod.
 * A container that runs inside of a pod's container counts as the pod's. Without a pod: the innermost container.
 */
export function parseCgroupPath(path: string): CgroupIdentity {
  // A containerd whose driver differs from kubelet's writes "<pod>.slice:cri-containerd:<id>".
  const segments = path.slice(0, MAX_PATH).split(/[/:]/);
  const at = segments.findLastIndex((_, index) => podUidAt(segments, index) !== undefined);
  if (at < 0) {
    const containerId = segments.map((_, index) => containerAt(segments, index, 'docker')).findLast(Boolean);
    return { podUid: undefined, containerId, qos: undefined };
  }
  const containerId = segments
    .slice(at + 1)
    .map((_, index, inner) => containerAt(inner, index))
    .find(Boolean);
  return { podUid: podUidAt(segments, at), containerId, qos: qosAt(segments, at) };
}

/** The directory of all pods of the kubelet in whose directories the path lies. */
export function kubeletRoot(path: string): string | undefined {
  return KUBELET_ROOT.exec(path)?.[1];
}

/** The content of /proc/PID/cgroup: the unified line if it names a pod or container, else the first v1 line that does. */
export function parseProcCgroup(text: string): CgroupIdentity & { readonly path: string | undefined } {
  const paths = new Map<string, string>();
  for (const line of text.slice(0, MAX_LINES * MAX_PATH).split('\n', MAX_LINES)) {
    const [, hierarchy, path] = /^(\d+):[^:]*:(\/.*)$/.exec(line) ?? [];
    // The kernel marks the path of a removed cgroup.
    if (hierarchy !== undefined && path !== undefined) paths.set(hierarchy, path.replace(/ \(deleted\)$/, ''));
  }
  const unified = paths.get('0');
  const candidates = [...(unified === undefined ? [] : [unified]), ...paths.values()];
  for (const path of candidates) {
    const found = parseCgroupPath(path);
    if (found.podUid !== undefined || found.containerId !== undefined) return { path, ...found };
  }
  return { path: candidates[0], podUid: undefined, containerId: undefined, qos: undefined };
}

function podUidAt(segments: readonly string[], index: number): string | undefined {
  const segment = segments[index] ?? '';
  const uid = POD_SLICE.exec(segment)?.[2] ?? directoryUid(segments, index);
  return uid?.replaceAll('_', '-');
}

/** `kubepods/pod<uid>` or `kubepods/<qos>/pod<uid>`: a directory of that name elsewhere is anyone's. */
function directoryUid(segments: readonly string[], index: number): string | undefined {
  const uid = POD_DIRECTORY.exec(segments[index] ?? '')?.[1];
  const parent = segments[index - 1] ?? '';
  const below = parent === 'kubepods' || (QOS.has(parent) && segments[index - 2] === 'kubepods');
  return below ? uid : undefined;
}

function qosAt(segments: readonly string[], index: number): QosClass {
  const name = POD_SLICE.exec(segments[index] ?? '')?.[1] ?? segments[index - 1] ?? '';
  return QOS.get(name) ?? 'Guaranteed';
}

/** The container that this segment names; a bare id is one only right below `parent`, or anywhere without it. */
function containerAt(segments: readonly string[], index: number, parent?: string): string | undefined {
  const segment = segments[index] ?? '';
  const scope = SCOPE.exec(segment)?.[1];
  if (scope !== undefined) return scope;
  return BARE_ID.test(segment) && (parent === undefined || segments[index - 1] === parent) ? segment : undefined;
}
