/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Whose socket it is: cgroup and network namespace always, the process where the running task is surely a user of it. */
#ifndef WEIR_IDENTITY_BPF_H
#define WEIR_IDENTITY_BPF_H

#include <bpf/bpf_helpers.h>
#include "kernel.h"
#include "connection.bpf.h"

static __always_inline struct end socket_end(const struct sock *sk)
{
	struct end end = {
		.cgroup_id = sk->sk_cgrp_data.cgroup->kn->id,
		.netns_cookie = sk->__sk_common.skc_net.net->net_cookie,
	};

	return end;
}

/*
 * A state change is made either by a packet or timer, when `current` is whoever was interrupted, or by a task that holds
 * the socket's lock. connect(), shutdown() and close() of a task are the only ways into the states that begin and end a
 * connection from this side.
 */
static __always_inline bool is_locked_by_process(const struct sock *sk)
{
	return sk->sk_lock.owned;
}

/*
 * CLOSE is reached in other ways too while a task holds the lock: it works off packets and timers that came meanwhile,
 * and it need not be a user of the socket (ss reads other people's; ss -K ends them). All these leave an error.
 */
static __always_inline bool is_closed_by_process(const struct sock *sk)
{
	return is_locked_by_process(sk) && !sk->sk_err;
}

/*
 * Remembers a process as the connection's, the first that is seen to hold it. Kernel threads (delayed fput, NFS) are
 * nobody's process.
 */
static __always_inline void remember_process(struct connection *connection, struct task_struct *leader)
{
	if (leader->flags & PF_KTHREAD || __sync_val_compare_and_swap(&connection->process_claim, 0, 1))
		return;
	connection->process_start_ns = leader->start_boottime;

	/* An exiting process has no executable any more; its comm is a thread's own choice and would be no substitute. */
	struct mm_struct *mm = leader->mm;
	struct file *file = mm ? mm->exe_file : NULL;

	if (file) {
		struct dentry *dentry = file->f_path.dentry;

		bpf_probe_read_kernel_str(connection->executable, sizeof(connection->executable), dentry->d_name.name);
		connection->executable_cut = dentry->d_name.len >= sizeof(connection->executable);
	}
	connection->pid = leader->tgid;
}

static __always_inline void remember_running_process(struct connection *connection)
{
	if (!connection->pid)
		remember_process(connection, bpf_get_current_task_btf()->group_leader);
}

#endif
