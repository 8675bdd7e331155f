/** Whether the TCP programs load and attach here: tried, since no list of features tells it for sure. */
import { WeirError } from '../../lib/errors.ts';
import { withDefaults } from '../limits.ts';
import { Libbpf } from '../load/libbpf.ts';
import { PAGE_BYTES } from '../load/libc.ts';
import { loadTcpProgram } from '../load/load-tcp.ts';
import { FILES_WALKED, type ReportWalk } from '../load/report-walk.ts';
import { type Finding, missingBy } from './finding.ts';

/** As small as they can be: nothing is selected, so nothing is measured. */
const SMALL = { ringBytes: PAGE_BYTES, joinBuckets: 1, maxConnections: 1 } as const;

const OTHER_KERNEL = 'use a kernel that allows iter/bpf_sk_storage_map; what is lost is little';

/** What came of it: why it failed, or how live connections are found. */
export type Tried = WeirError | ReportWalk;

/** Loads and attaches the TCP programs, and takes them off again. */
export function tryPrograms(): Tried {
  try {
    const program = loadTcpProgram(Libbpf.load(), withDefaults(SMALL));
    try {
      program.attach();
    } finally {
      program.close();
    }
    return program.reportWalk;
  } catch (error) {
    if (error instanceof WeirError) return error;
    throw error;
  }
}

/** @param tried `untried` where something else is missing that the programs need. */
export function judgePrograms(tried: Tried | 'untried'): Finding {
  const id = 'programs';
  if (tried === 'storage') return { id, state: 'ok', found: 'loaded, attached, and taken off again' };
  if (tried === 'files') return { id, state: 'degraded', ...FILES_WALKED, remedy: OTHER_KERNEL };
  if (tried === 'untried') {
    return { id, state: 'missing', found: 'not tried', remedy: 'what else is missing first' };
  }
  if (tried.code !== 'KernelRefused') return missingBy(id, tried);
  const [found = '', ...log] = tried.message.split('\n');
  return { id, state: 'missing', found, remedy: ['report it with what the kernel said:', ...log].join('\n') };
}
