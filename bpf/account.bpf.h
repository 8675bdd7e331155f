/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Every connection is counted once as observed, and once more by reason when its record cannot leave the kernel. */
#ifndef WEIR_ACCOUNT_BPF_H
#define WEIR_ACCOUNT_BPF_H

#include "config.bpf.h"
#include "count.bpf.h"
#include "kernel.h"
#include "maps.bpf.h"

static __always_inline struct ledger_entry *ledger_of(__u32 set)
{
	__u32 index = set == SET_UNKNOWN ? 0 : set;

	return bpf_map_lookup_elem(&ledger, &index);
}

/* Starts to track a connection, within the ceiling. NULL: the connection is counted as observed and lost. */
static __always_inline struct connection *track(struct sock *sk, __u32 set)
{
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(&connection_count, &zero);
	struct ledger_entry *entry = ledger_of(set);

	if (!count || !entry)
		return NULL;
	if (__sync_fetch_and_add(count, 1) >= config.max_connections) {
		__sync_fetch_and_add(count, -1);
		count_one(&entry->observed);
		count_one(&entry->lost_too_many_connections);
		return NULL;
	}
	struct connection *connection = bpf_sk_storage_get(&connections, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);

	if (!connection) {
		__sync_fetch_and_add(count, -1);
		count_one(&entry->observed);
		count_one(&entry->lost_storage_unavailable);
	}
	return connection;
}

/* No process holds the socket any more. */
static __always_inline bool is_orphaned(const struct sock *sk)
{
	return sk->__sk_common.skc_flags & (1UL << SOCK_DEAD_BIT);
}

/*
 * The connection has ended. An orphaned socket is destroyed right after this, and its storage with it, which is cheaper
 * than taking it out; a socket that a process still holds may be connected anew, or be held for ever.
 */
static __always_inline void untrack(struct sock *sk)
{
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(&connection_count, &zero);

	if (count)
		__sync_fetch_and_add(count, -1);
	if (!is_orphaned(sk))
		bpf_sk_storage_delete(&connections, sk);
}

/* Room for one record, or NULL with the loss counted. */
static __always_inline struct tcp_flow *reserve_flow(__u32 set)
{
	struct ledger_entry *entry = ledger_of(set);

	if (!entry)
		return NULL;
	count_one(&entry->observed);
	struct tcp_flow *flow = bpf_ringbuf_reserve(&flows, sizeof(*flow), 0);

	if (!flow)
		count_one(&entry->lost_ring_full);
	return flow;
}

/* The agent drains by the clock, and looks at the fill mark by itself: nobody waits to be woken. */
static __always_inline void submit_flow(struct tcp_flow *flow)
{
	bpf_ringbuf_submit(flow, BPF_RB_NO_WAKEUP);
}

#endif
