/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Every record that is due is counted once as observed, and once more by reason when it cannot leave the kernel. */
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

static __always_inline struct set_policy *policy_of(__u32 set)
{
	__u32 index = set == SET_UNKNOWN ? 0 : set;

	return bpf_map_lookup_elem(&policies, &index);
}

/* Whether a connection that is not tracked for want of room is counted: everyone is, once. */
enum refusal {
	REFUSAL_COUNTS,
	REFUSAL_COUNTED_BEFORE,
};

/*
 * Starts to track a connection, within the ceiling, from a state of which nothing is seen half made; NULL: from zero.
 * Returns NULL where there is no room: the connection is counted as observed and lost.
 */
static __always_inline struct connection *track(struct sock *sk, __u32 set, struct connection *begin, enum refusal refusal)
{
	__u32 zero = 0;
	__u64 *count = bpf_map_lookup_elem(&connection_count, &zero);
	struct ledger_entry *entry = ledger_of(set);

	if (!count || !entry)
		return NULL;
	if (__sync_fetch_and_add(count, 1) >= config.max_connections) {
		__sync_fetch_and_add(count, -1);
		if (refusal == REFUSAL_COUNTS) {
			count_one(&entry->observed);
			count_one(&entry->lost_too_many_connections);
		}
		return NULL;
	}
	struct connection *connection = bpf_sk_storage_get(&connections, sk, begin, BPF_SK_STORAGE_GET_F_CREATE);

	if (!connection) {
		__sync_fetch_and_add(count, -1);
		if (refusal == REFUSAL_COUNTS) {
			count_one(&entry->observed);
			count_one(&entry->lost_storage_unavailable);
		}
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

/* What became of a record that was due. */
enum sent_or_lost {
	COUNT_SENT,
	COUNT_LOST,
};

static __always_inline void count_observed(__u32 set, enum sent_or_lost what)
{
	struct ledger_entry *entry = ledger_of(set);

	if (!entry)
		return;
	count_one(&entry->observed);
	if (what == COUNT_LOST)
		count_one(&entry->lost_ring_full);
}

/* Room for one record, or NULL. */
static __always_inline struct tcp_flow *reserve_flow(void)
{
	return bpf_ringbuf_reserve(&flows, sizeof(struct tcp_flow), 0);
}

/* The agent drains by the clock, and looks at the fill mark by itself: nobody waits to be woken. */
static __always_inline void submit_flow(struct tcp_flow *flow)
{
	bpf_ringbuf_submit(flow, BPF_RB_NO_WAKEUP);
}

#endif
