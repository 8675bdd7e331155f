import { once } from 'node:events';
import { TransportError } from '../../src/kube/api-error.ts';
import type { KubeRequest, Transport } from '../../src/kube/transport.ts';

/** What a watch says, line by line, and how it goes on then: it ends, breaks off, or stays until its reader leaves it. */
export interface Said {
  readonly lines: readonly object[];
  readonly ending: 'end' | 'reset' | 'stay';
}

/** A refusal, what a watch says, or the answer to another request. */
export type Step = Error | Said | { readonly answer: object };

/** An API server that answers as a test has written down, one step a request; what it cannot do on time a real one would. */
export class ScriptedTransport implements Transport {
  /** Every request, oldest first. */
  readonly asked: KubeRequest[] = [];
  readonly #steps: Step[];

  constructor(...steps: readonly Step[]) {
    this.#steps = [...steps];
  }

  /** Steps that nobody has asked for yet. */
  get left(): number {
    return this.#steps.length;
  }

  async request<Answer>(request: KubeRequest): Promise<Answer> {
    const step = this.#next(request);
    if (!('answer' in step)) throw new Error('the script has no answer here');
    return JSON.parse(JSON.stringify(step.answer));
  }

  async *stream(request: KubeRequest): AsyncGenerator<Uint8Array> {
    const step = this.#next(request);
    if (!('lines' in step)) throw new Error('the script has no watch here');
    request.onAnswer?.();
    for (const line of step.lines) yield Buffer.from(`${JSON.stringify(line)}\n`);
    if (step.ending === 'end') return;
    const { signal } = request;
    if (step.ending === 'stay' && signal?.aborted === false) await once(signal, 'abort');
    throw new TransportError('cut off');
  }

  close(): void {}

  #next(request: KubeRequest): Exclude<Step, Error> {
    this.asked.push(request);
    const step = this.#steps.shift();
    if (step === undefined) throw new Error('the script is at its end');
    if (step instanceof Error) throw step;
    return step;
  }
}
