import { eventually, Hopeless } from '../../test/support/cluster/eventually.ts';
import type { AgentProcess } from '../../test/support/operator/agent-process.ts';

const PATIENCE_MILLIS = 60_000;

interface Counts {
  readonly observed: number;
  readonly exported: number;
  readonly lost: number;
}

/** Records of a capture, once each that was observed has become something. @throws Error where that does not come to be */
export function allSettled(agent: AgentProcess, capture: string): Promise<Counts> {
  return eventually(
    async () => {
      if (agent.failure !== undefined) throw new Hopeless(agent.failure);
      const metrics = [...(await agent.metrics())];
      const count = (name: string, what = '') =>
        metrics
          .filter(([of]) => of.startsWith(`${name}{capture="${capture}",what="${what}`))
          .reduce((sum, [, value]) => sum + value, 0);
      const [observed, exported] = [
        count('weir_agent_flows_total', 'observed'),
        count('weir_agent_flows_total', 'exported'),
      ];
      const lost = count('weir_agent_flows_lost_total');
      if (observed === 0) throw new Error(`nothing is observed of ${capture}`);
      if (observed !== exported + lost) throw new Error(`${observed} observed, ${exported} exported, ${lost} lost`);
      return { observed, exported, lost };
    },
    { what: 'every record has become something', timeoutMillis: PATIENCE_MILLIS },
  );
}
