import dotI, { type OperatorLogger } from '@dot-i/k8s-operator';
import { KubeConfig } from '@kubernetes/client-node';
import { WeirError } from '../lib/errors.ts';

const Operator = dotI.default;
const LOADER = 'loadFromDefault';

/**
 * The life cycle of @dot-i/k8s-operator (start → init → stop), and of the rest nothing that would do harm: its watch ends
 * the process when it is quiet for 30 s or reset, and loses deletes; its status and finalizer writers swallow every
 * error on today's client library. kube/ has a reflector and server-side apply for both (docs/adr/0005).
 */
export abstract class KubeOperator extends Operator {
  constructor(logger: OperatorLogger) {
    // The base class reads the default kubeconfig, whichever was named, and fails where that is none. It is not used.
    const loader = Object.getOwnPropertyDescriptor(KubeConfig.prototype, LOADER) ?? {};
    Object.defineProperty(KubeConfig.prototype, LOADER, { ...loader, value: loadNothing });
    super(logger);
    Object.defineProperty(KubeConfig.prototype, LOADER, loader);
  }

  /** Ends what init() has begun. */
  abstract override stop(): void;

  protected override watchResource(): Promise<never> {
    return refuse('watchResource', 'Reflector');
  }

  protected override registerCustomResourceDefinition(): Promise<never> {
    return refuse('registerCustomResourceDefinition', 'crds/, installed beside the operator');
  }

  protected override setResourceStatus(): Promise<never> {
    return refuse('setResourceStatus', 'KubeClient.apply');
  }

  protected override patchResourceStatus(): Promise<never> {
    return refuse('patchResourceStatus', 'KubeClient.apply');
  }

  protected override handleResourceFinalizer(): Promise<never> {
    return refuse('handleResourceFinalizer', 'KubeClient.apply');
  }

  protected override setResourceFinalizers(): Promise<never> {
    return refuse('setResourceFinalizers', 'KubeClient.apply');
  }
}

function loadNothing(this: KubeConfig): void {
  this.loadFromClusterAndUser({ name: 'none', server: 'https://none.invalid', skipTLSVerify: false }, { name: 'none' });
}

function refuse(method: string, instead: string): Promise<never> {
  return Promise.reject(new WeirError('Internal', `${method} is not safe to use here; use ${instead}`));
}
