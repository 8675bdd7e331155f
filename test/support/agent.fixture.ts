/** An agent in a process of its own that says when it captures, and lives until it is killed. */
import { Capture } from './capture.ts';

await Capture.start({ pods: [] });
process.stdout.write('capturing\n');
setInterval(() => undefined, 60_000);
