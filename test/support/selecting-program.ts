/** The TCP program without an agent around it, for those who run its passes themselves. */
import { SELECTION_CONTROL, SET_POLICY } from '../../src/agent/decode/layout.generated.ts';
import { decodeTcp, type TcpEvent } from '../../src/agent/decode/tcp.ts';
import { withDefaults } from '../../src/agent/limits.ts';
import { u32Key, u64Key } from '../../src/agent/load/bpf-map.ts';
import { Libbpf } from '../../src/agent/load/libbpf.ts';
import { loadTcpProgram } from '../../src/agent/load/load-tcp.ts';
import { REPORT_WALKS } from '../../src/agent/load/report-walk.ts';
import type { TcpProgram } from '../../src/agent/load/tcp-program.ts';
import { mapRing } from '../../src/agent/read/pages.ts';
import { RingReader } from '../../src/agent/read/ring.ts';
import type { Pod } from './lab/pod.ts';

const SET = 1;

/** Attached, with the agent's own limits; a capture of these pods and of nothing else. Disposing of it frees it. */
export function selectingProgram(pods: readonly Pod[], walks = REPORT_WALKS): TcpProgram & Disposable {
  using opened = new DisposableStack();
  const program = opened.adopt(loadTcpProgram(Libbpf.load(), withDefaults(), walks), (loaded) => loaded.close());
  for (const { cgroupId } of pods) program.selection.update(u64Key(Number(cgroupId)), u32Key(SET));
  const control = new DataView(new ArrayBuffer(SELECTION_CONTROL.size));
  control.setUint32(SELECTION_CONTROL.generation, 1, true);
  control.setUint32(SELECTION_CONTROL.listed, pods.length, true);
  program.selectionControl.update(u32Key(0), new Uint8Array(control.buffer));
  program.attach();
  const kept = opened.move();
  return { ...program, [Symbol.dispose]: () => kept.dispose() };
}

/** From now on a pass reports every connection that has moved, however short the time since its last report. */
export function reportEveryLook({ policies }: TcpProgram): void {
  const policy = new DataView(new ArrayBuffer(SET_POLICY.size));
  policy.setBigUint64(SET_POLICY.activeNs, 1n, true);
  policies.update(u32Key(SET), new Uint8Array(policy.buffer));
}

/** Reads the program's ring; each `take` has what has come since the one before. */
export function readRecords({ flows }: TcpProgram): { readonly take: () => readonly TcpEvent[] } & Disposable {
  const pages = mapRing(flows);
  const reader = new RingReader(pages);
  return {
    take() {
      const events: TcpEvent[] = [];
      reader.drain((view, at, length) => {
        const event = decodeTcp(view, at, length);
        if (event !== undefined) events.push(event);
      });
      return events;
    },
    [Symbol.dispose]: () => pages.unmap(),
  };
}
