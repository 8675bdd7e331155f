/**
 * Where live connections are found for their reports. `storage`: what is tracked, and nothing else. `files`: the open files of
 * all processes, where the kernel does not let anybody walk what is stored.
 */
export type ReportWalk = 'storage' | 'files';

/** The better one first. */
export const REPORT_WALKS: readonly ReportWalk[] = ['storage', 'files'];

/** The program that walks so; bpf/live.bpf.h. */
export const REPORT_PROGRAMS = { storage: 'report_stored', files: 'report_held' } as const satisfies Record<
  ReportWalk,
  string
>;

/** What a person is told of a machine where the open files are walked. */
export const FILES_WALKED = {
  found: 'this kernel refuses iterators over socket storage: live connections are found by the open files of processes',
  lacks:
    'a connection that no process in this PID namespace has in a descriptor is reported at its end only (one that waits to be ' +
    'accepted, was closed and still sends, is part of an MPTCP connection, or lies in a file table of io_uring); each look ' +
    'costs in proportion to all open files of the machine',
} as const;
