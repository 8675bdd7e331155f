import { type KindDefinition, makeKind } from '../../api/manifest/kinds.ts';
import type { LocatedObject } from '../../api/manifest/manifest.ts';
import type { SizeLimits } from '../../api/manifest/source.ts';
import type { StructuralSchema } from '../../api/manifest/structural.ts';

/**
 * The kinds of an inventory: Kubernetes' own Pod and Namespace, of which only the fields that Weir reads are checked. What
 * `kubectl get pods,namespaces -A -o yaml` prints is an inventory.
 */

interface InventoryMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
}

export interface OwnerReference {
  readonly kind: string;
  readonly name: string;
  readonly controller?: boolean;
}

/** What is read of a v1 Pod. */
export interface PodObject {
  readonly metadata: InventoryMetadata;
  readonly spec?: { readonly nodeName?: string; readonly hostNetwork?: boolean };
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly podIPs?: readonly { readonly ip: string }[];
    readonly hostIP?: string;
    readonly hostIPs?: readonly { readonly ip: string }[];
  };
}

/** What is read of a v1 Namespace. */
export interface NamespaceObject {
  readonly metadata: InventoryMetadata;
}

const OPEN = { 'x-kubernetes-preserve-unknown-fields': true } as const;
const DNS_NAME = String.raw`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`;

function word(example: string, pattern: string): StructuralSchema {
  return { type: 'string', description: `Example: ${example}.`, minLength: 1, maxLength: 253, pattern };
}

const ADDRESS = word('10.1.2.3', '^[0-9A-Fa-f:.]+$');
// An address that is not assigned yet is written as an empty text by some tools.
const ADDRESS_OR_NONE: StructuralSchema = { type: 'string', maxLength: 253, pattern: '^[0-9A-Fa-f:.]*$' };
const ADDRESSES: StructuralSchema = {
  type: 'array',
  maxItems: 16,
  items: { type: 'object', ...OPEN, required: ['ip'], properties: { ip: ADDRESS } },
};
const METADATA: StructuralSchema = {
  type: 'object',
  properties: {
    uid: word('0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0', '^[-A-Za-z0-9_.]+$'),
    ownerReferences: {
      type: 'array',
      items: {
        type: 'object',
        ...OPEN,
        required: ['kind', 'name'],
        properties: {
          kind: word('ReplicaSet', '^[A-Za-z][A-Za-z0-9]*$'),
          name: word('web-6d4cf56db6', '^[-A-Za-z0-9_.:]+$'),
          controller: { type: 'boolean' },
        },
      },
    },
  },
};

const POD: KindDefinition = {
  apiVersion: 'v1',
  kind: 'Pod',
  namespaced: true,
  statusSubresource: false,
  schema: {
    type: 'object',
    ...OPEN,
    properties: {
      metadata: METADATA,
      spec: {
        type: 'object',
        ...OPEN,
        properties: { nodeName: word('node-1', DNS_NAME), hostNetwork: { type: 'boolean' } },
      },
      status: {
        type: 'object',
        ...OPEN,
        properties: {
          phase: { type: 'string', maxLength: 253 },
          podIP: ADDRESS_OR_NONE,
          podIPs: ADDRESSES,
          hostIP: ADDRESS_OR_NONE,
          hostIPs: ADDRESSES,
        },
      },
    },
  },
};

const NAMESPACE: KindDefinition = {
  apiVersion: 'v1',
  kind: 'Namespace',
  namespaced: false,
  statusSubresource: false,
  schema: { type: 'object', ...OPEN, properties: { metadata: METADATA } },
};

/** The kinds that `parseManifest` is to understand in an inventory. */
export const INVENTORY_KINDS = [makeKind(POD), makeKind(NAMESPACE)] as const;

/** What the schema above has accepted as a Pod. */
export function isPod(object: LocatedObject): object is LocatedObject<PodObject> {
  return object.apiVersion === 'v1' && object.kind === 'Pod';
}

/** What the schema above has accepted as a Namespace. */
export function isNamespace(object: LocatedObject): object is LocatedObject<NamespaceObject> {
  return object.apiVersion === 'v1' && object.kind === 'Namespace';
}

/** An inventory is what kubectl prints of a whole node or a small cluster, some 10 KB a pod. */
export const INVENTORY_LIMITS: SizeLimits = { characters: 16 << 20, documents: 10_000, values: 4_000_000 };
