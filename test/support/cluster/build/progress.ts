import type { BuildStep, BuildWatcher } from './build.ts';
import type { Tool } from './tools.ts';

const SECONDS_A_MINUTE = 60;
const CLEAR_LINE = '\r\u001B[K';

/** Tells a person what is being built: a line that is rewritten on a terminal, else one line a tool. */
export function buildProgress(output: NodeJS.WriteStream): BuildWatcher {
  let missing: readonly Tool[] = [];
  return {
    begin(tools) {
      missing = tools;
      output.write(`${announcement(tools)}\n`);
    },
    step(step) {
      const line = describe(step, missing);
      if (output.isTTY) output.write(`${CLEAR_LINE}${line}${step.state === 'built' ? '\n' : ''}`);
      else if (step.state === 'built' || step.seconds === 0) output.write(`${line}\n`);
    },
  };
}

function announcement(tools: readonly Tool[]): string {
  const seconds = tools.reduce((sum, { coldSeconds }) => sum + coldSeconds, 0);
  const minutes = Math.max(1, Math.round(seconds / SECONDS_A_MINUTE));
  const estimate = `about ${minutes} ${minutes === 1 ? 'minute' : 'minutes'} in all on two cores when nothing is cached`;
  return `building ${tools.map(({ name }) => name).join(', ')} from their Go modules, once: ${estimate}`;
}

function describe({ tool, state, seconds }: BuildStep, missing: readonly Tool[]): string {
  const words = {
    waiting: `waits for another build, ${seconds} s`,
    building: `building, ${seconds} s`,
    built: `built in ${seconds} s`,
  };
  return `  ${missing.indexOf(tool) + 1} of ${missing.length}  ${tool.name}: ${words[state]}`;
}
