/** Whether the TCP programs load and attach here: tried, since no list of features tells it for sure. */
import { WeirError } from '../../lib/errors.ts';
import { withDefaults } from '../limits.ts';
import { Libbpf } from '../load/libbpf.ts';
import { PAGE_BYTES } from '../load/libc.ts';
import { loadTcpProgram } from '../load/tcp-program.ts';
import { type Finding, missingBy } from './finding.ts';

/** As small as they can be: nothing is selected, so nothing is measured. */
const SMALL = { ringBytes: PAGE_BYTES, joinBuckets: 1, maxConnections: 1 } as const;

/** Loads and attaches the TCP programs, and takes them off again. Returns why that failed; undefined when it did not. */
export function tryPrograms(): WeirError | undefined {
  try {
    const program = loadTcpProgram(Libbpf.load(), withDefaults(SMALL));
    try {
      program.attach();
    } finally {
      program.close();
    }
    return undefined;
  } catch (error) {
    if (error instanceof WeirError) return error;
    throw error;
  }
}

/** @param failure why the programs do not run; `untried` where something else is missing that they need. */
export function judgePrograms(failure: WeirError | 'untried' | undefined): Finding {
  const id = 'programs';
  if (failure === undefined) return { id, state: 'ok', found: 'loaded, attached, and taken off again' };
  if (failure === 'untried') {
    return { id, state: 'missing', found: 'not tried', remedy: 'what else is missing first' };
  }
  if (failure.code !== 'KernelRefused') return missingBy(id, failure);
  const [found = '', ...log] = failure.message.split('\n');
  return { id, state: 'missing', found, remedy: ['report it with what the kernel said:', ...log].join('\n') };
}
