import { join } from 'node:path';

/** Where a cluster's files lie below its work folder. */
export function layoutOf(folder: string) {
  return {
    pki: join(folder, 'pki'),
    /** The certificate that clients trust. */
    authority: join(folder, 'pki', 'ca.crt'),
    admin: join(folder, 'admin.kubeconfig'),
    controllerManager: join(folder, 'kube-controller-manager.kubeconfig'),
    scheduler: join(folder, 'kube-scheduler.kubeconfig'),
    auditPolicy: join(folder, 'audit-policy.json'),
    auditLog: join(folder, 'audit.log'),
    etcd: join(folder, 'etcd'),
  };
}
