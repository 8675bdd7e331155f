/** Everything that capturing TCP uses of a machine, looked at one after the other. */
import type { Facts } from './facts.ts';
import { canCaptureTcp, type Finding } from './finding.ts';
import { judgeBtf, judgeFeatures, judgeKernel } from './kernel.ts';
import { judgeBpfSyscall, judgeCapabilities } from './privileges.ts';
import { judgePrograms, type Tried } from './programs.ts';
import { judgeBpffs, judgeCgroups, judgeLibbpf, judgePidNamespace } from './surroundings.ts';

/** @param tryPrograms runs the programs once; called only where nothing that they need is missing. */
export function check(facts: Facts, tryPrograms: () => Tried): readonly Finding[] {
  const needed = [
    judgeKernel(facts),
    judgeBtf(facts.btf),
    ...judgeFeatures(facts.btf),
    judgeBpfSyscall(facts),
    judgeCapabilities(facts),
    judgeLibbpf(facts.libbpf),
  ];
  return [
    ...needed,
    judgePrograms(canCaptureTcp(needed) ? tryPrograms() : 'untried'),
    judgeCgroups(facts.cgroups),
    judgeBpffs(facts.bpffs),
    judgePidNamespace(facts.isInitial),
  ];
}
