/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Both ends of a connection on one node find each other by flow id, without addresses: the first to be established
 * leaves its identity in a slot, the second takes it and leaves its own, the first reads it when it reports. A slot that
 * another connection took over is a missed join; the id is compared under the slot's lock, so it is never a wrong one.
 */
#ifndef WEIR_JOIN_BPF_H
#define WEIR_JOIN_BPF_H

#include "config.bpf.h"
#include "maps.bpf.h"

/* Two halves are established at most one full round of SYN-ACK retransmissions (127 s) apart. */
#define JOIN_WINDOW_NS 130000000000ULL

static __always_inline struct join_slot *join_slot_of(__u64 id)
{
	__u32 index = (__u32)id & config.join_mask;

	return bpf_map_lookup_elem(&join_slots, &index);
}

static __always_inline struct node_counters *this_cpu_counters(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&node_counters, &zero);
}

/* Leaves this end's identity in the slot. With a connection, also keeps which half it is and the other's identity. */
static __always_inline void join_establish(__u64 id, __u8 role, struct end own, __u64 now,
					   struct connection *connection)
{
	struct join_slot *slot = join_slot_of(id);
	__u8 half = JOIN_NONE;
	struct end far = {};

	if (!slot)
		return;
	bpf_spin_lock(&slot->lock);
	if (slot->flow_id != id || now - slot->established_ns > JOIN_WINDOW_NS) {
		slot->flow_id = id;
		slot->established_ns = now;
		slot->ends[0] = own;
		slot->first_role = role;
		slot->halves = 1;
		half = JOIN_FIRST;
	} else if (slot->halves == 1 && (slot->first_role != role || role == ROLE_ACTIVE)) {
		slot->ends[1] = own;
		far = slot->ends[0];
		slot->halves = 2;
		half = JOIN_SECOND;
	} else {
		slot->halves = 3;
	}
	bpf_spin_unlock(&slot->lock);

	if (!connection)
		return;
	connection->join_half = half;
	connection->far_cgroup_id = far.cgroup_id;
	connection->far_netns_cookie = far.netns_cookie;
	connection->joined = half == JOIN_SECOND;
}

static __always_inline bool is_same_end(struct end one, struct end two)
{
	return one.cgroup_id == two.cgroup_id && one.netns_cookie == two.netns_cookie;
}

/* At the report: the first half learns of the second, and both give the join up when a third had the same id. */
static __always_inline void join_report(struct connection *connection, struct end own)
{
	struct node_counters *counters = this_cpu_counters();
	struct join_slot *slot = join_slot_of(connection->flow_id);
	__u32 halves = 0;
	struct end first = {};
	struct end second = {};

	if (!slot || !counters || !connection->flow_id)
		return;
	bpf_spin_lock(&slot->lock);
	if (slot->flow_id == connection->flow_id) {
		halves = slot->halves;
		first = slot->ends[0];
		second = slot->ends[1];
	}
	bpf_spin_unlock(&slot->lock);

	/* The slot was lost, and may be the other half's by now. */
	bool missed = halves == 0 || !is_same_end(first, own);

	if (halves > 2) {
		connection->joined = 0;
		counters->join_ambiguous++;
	} else if (connection->join_half == JOIN_FIRST && missed) {
		counters->join_missed++;
	} else if (connection->join_half == JOIN_FIRST && halves == 2) {
		connection->far_cgroup_id = second.cgroup_id;
		connection->far_netns_cookie = second.netns_cookie;
		connection->joined = 1;
	}
	if (connection->joined)
		counters->joined++;
}

#endif
