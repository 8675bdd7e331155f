import { readFile } from 'node:fs/promises';

/** One request that the API server has answered. A watch is answered when it ends. */
export interface AuditEvent {
  /** As authentication has it: `system:serviceaccount:NAMESPACE:NAME` for a service account, `admin` for the admin. */
  readonly user: string;
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`. */
  readonly verb: string;
  /** Plural, lower case; undefined for what is no object, such as /readyz. */
  readonly resource: string | undefined;
  /** API group of the resource; empty for the core group. */
  readonly group: string;
  readonly subresource: string | undefined;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  /** HTTP status of the answer. */
  readonly code: number;
  readonly userAgent: string | undefined;
  /** When the request arrived. */
  readonly time: Date;
}

/** For the API server: who asked for what, of every request, once it is answered. No bodies. */
export const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'ResponseStarted'],
  rules: [{ level: 'Metadata' }],
};

interface Line {
  readonly user: { readonly username: string };
  readonly verb: string;
  readonly objectRef?: Readonly<
    Partial<Record<'resource' | 'apiGroup' | 'subresource' | 'namespace' | 'name', string>>
  >;
  readonly responseStatus?: { readonly code: number };
  readonly userAgent?: string;
  readonly requestReceivedTimestamp: string;
}

/** The events of an audit log, oldest first. A last line that is still being written is left out. */
export async function readAuditLog(path: string): Promise<AuditEvent[]> {
  const text = await readFile(path, 'utf8');
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  return lines.filter((line) => line !== '').map(parseLine);
}

function parseLine(text: string): AuditEvent {
  const line: Line = JSON.parse(text);
  return {
    user: line.user.username,
    verb: line.verb,
    resource: line.objectRef?.resource,
    group: line.objectRef?.apiGroup ?? '',
    subresource: line.objectRef?.subresource,
    namespace: line.objectRef?.namespace,
    name: line.objectRef?.name,
    code: line.responseStatus?.code ?? 0,
    userAgent: line.userAgent,
    time: new Date(line.requestReceivedTimestamp),
  };
}
