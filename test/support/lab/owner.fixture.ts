/** Makes a lab, says what is in it as one line of JSON, and lives until it is killed or interrupted. */
import { Lab } from './lab.ts';

const lab = await Lab.create('owner');
const router = await lab.router();
const pod = await lab.pod('orphan', { cgroup: 'kubepods/pod1/container/nested' });
await router.attach(pod.netns, 1);
const peer = await pod.peer();
await peer.listen(pod.ipv4);
process.stdout.write(
  `${JSON.stringify({
    directory: lab.directory,
    temporary: lab.temporary,
    pids: [router.netns.pid, pod.netns.pid, peer.pid],
    namespaces: [router.netns.inode, pod.netns.inode].map(String),
  })}\n`,
);
setInterval(() => undefined, 60_000);
