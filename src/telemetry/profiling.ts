import { type Listener, type Question, type Reply, serve } from './http.ts';
import { Profiler } from './profiler.ts';

/** Never another: profiles tell of the program's insides, and taking one costs it time. */
const HOST = '127.0.0.1';
const DEFAULT_SECONDS = 10;
const MAX_SECONDS = 60;

/**
 * Serves /debug/cpu?seconds=N and /debug/heap on loopback. Nothing in a profile is data: functions, places, times, sizes.
 *
 * @param port 0 takes a free one. @throws WeirError InvalidInput when it cannot be listened on.
 */
export async function serveProfiling(port: number): Promise<Listener & AsyncDisposable> {
  using opened = new DisposableStack();
  const profiler = opened.adopt(new Profiler(), (started) => started.stop());
  await profiler.start();
  let isBusy = false;
  const cpu = async ({ query, signal }: Question): Promise<Reply> => {
    const seconds = secondsOf(query.get('seconds'));
    if (seconds === undefined) return { status: 400, body: `seconds is a whole number from 1 to ${MAX_SECONDS}\n` };
    if (isBusy) return { status: 409, body: 'a CPU profile is being taken: try again when it has ended\n' };
    isBusy = true;
    try {
      return profile(await profiler.cpu(seconds * 1000, signal));
    } finally {
      isBusy = false;
    }
  };
  const listener = await serve({ host: HOST, port }, async (question) => {
    if (question.path === '/debug/cpu') return cpu(question);
    if (question.path === '/debug/heap') return profile(await profiler.heap());
    return { status: 404, body: '/debug/cpu?seconds=N and /debug/heap are here\n' };
  });
  const started = opened.move();
  const close = async () => {
    await listener.close();
    started.dispose();
  };
  return { address: listener.address, close, [Symbol.asyncDispose]: close };
}

/** Undefined for what is no time within the bounds. */
function secondsOf(text: string | null): number | undefined {
  if (text === null) return DEFAULT_SECONDS;
  const seconds = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  return seconds >= 1 && seconds <= MAX_SECONDS ? seconds : undefined;
}

function profile(body: string): Reply {
  return { status: 200, body, type: 'application/json' };
}
