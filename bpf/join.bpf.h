/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Both ends of a connection on one node find each other by flow id, without addresses: the first to be established
 * leaves its identity in an entry, the second takes it and leaves its own, the first comes back for it when it reports. An
 * entry that another connection took over is a missed join; the id is compared under the bucket's lock, so it is never a
 * wrong one.
 */
#ifndef WEIR_JOIN_BPF_H
#define WEIR_JOIN_BPF_H

#include <stdbool.h>
#include "config.bpf.h"
#include "count.bpf.h"
#include "maps.bpf.h"

/* Two halves are established at most one full round of SYN-ACK retransmissions (127 s) apart. */
#define JOIN_WINDOW_NS 130000000000ULL

static __always_inline struct join_bucket *join_bucket_of(__u64 id)
{
	__u32 index = (__u32)id & config.join_mask;

	return bpf_map_lookup_elem(&join_buckets, &index);
}

/* Both under the bucket's lock. */
static __always_inline struct join_entry *join_entry_of(struct join_bucket *bucket, __u64 id)
{
#pragma unroll
	for (int way = 0; way < JOIN_WAYS; way++)
		if (bucket->entries[way].flow_id == id)
			return &bucket->entries[way];
	return NULL;
}

/* The entry that is least missed: one that nobody comes back for, else the oldest one. */
static __always_inline struct join_entry *join_victim(struct join_bucket *bucket)
{
	struct join_entry *victim = &bucket->entries[0];

#pragma unroll
	for (int way = 1; way < JOIN_WAYS; way++) {
		struct join_entry *entry = &bucket->entries[way];

		if (entry->awaited != victim->awaited ? victim->awaited : entry->established_ns < victim->established_ns)
			victim = entry;
	}
	return victim;
}

static __always_inline struct node_counters *this_cpu_counters(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&node_counters, &zero);
}

/* Leaves this end's identity behind. With a connection, also keeps which half it is and the other's identity. */
static __always_inline void join_establish(__u64 id, __u8 role, struct end own, __u64 now,
					   struct connection *connection)
{
	struct join_bucket *bucket = join_bucket_of(id);
	__u8 half = JOIN_NONE;
	struct end far = {};

	if (!bucket)
		return;
	bpf_spin_lock(&bucket->lock);
	struct join_entry *entry = join_entry_of(bucket, id);

	if (!entry || now - entry->established_ns > JOIN_WINDOW_NS) {
		if (!entry)
			entry = join_victim(bucket);
		entry->flow_id = id;
		entry->established_ns = now;
		entry->ends[0] = own;
		entry->first_role = role;
		entry->awaited = connection != NULL;
		entry->halves = 1;
		half = JOIN_FIRST;
	} else if (entry->halves == 1 && (entry->first_role != role || role == ROLE_ACTIVE)) {
		entry->ends[1] = own;
		far = entry->ends[0];
		entry->halves = 2;
		half = JOIN_SECOND;
	} else {
		entry->halves = 3;
	}
	bpf_spin_unlock(&bucket->lock);

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

/*
 * As join_establish, for a connection that was established before anybody looked, and is met again by every pass: an entry
 * that has this half already stays as it is.
 */
static __always_inline void join_take_over(__u64 id, __u8 role, struct end own, __u64 now,
					   struct connection *connection)
{
	struct join_bucket *bucket = join_bucket_of(id);
	__u8 half = JOIN_NONE;
	struct end far = {};

	if (!bucket)
		return;
	bpf_spin_lock(&bucket->lock);
	struct join_entry *entry = join_entry_of(bucket, id);

	if (!entry) {
		entry = join_victim(bucket);
		/*
		 * A pass brings all first halves before the second ones: whoever took the place of one that waits would find its
		 * own taken by the other's second half.
		 */
		if (!entry->awaited || now - entry->established_ns > JOIN_WINDOW_NS) {
			entry->flow_id = id;
			entry->established_ns = now;
			entry->ends[0] = own;
			entry->first_role = role;
			entry->awaited = connection != NULL;
			entry->halves = 1;
		}
		half = JOIN_FIRST;
	} else if (entry->halves == 1 && entry->first_role != role) {
		entry->ends[1] = own;
		far = entry->ends[0];
		entry->halves = 2;
		half = JOIN_SECOND;
	} else if (entry->first_role == role && is_same_end(entry->ends[0], own)) {
		entry->awaited |= connection != NULL;
		half = JOIN_FIRST;
	} else if (entry->halves == 2 && is_same_end(entry->ends[1], own)) {
		far = entry->ends[0];
		half = JOIN_SECOND;
	}
	bpf_spin_unlock(&bucket->lock);

	if (!connection)
		return;
	connection->join_half = half;
	connection->far_cgroup_id = far.cgroup_id;
	connection->far_netns_cookie = far.netns_cookie;
	connection->joined = half == JOIN_SECOND;
}

/*
 * At a report: the first half learns of the second, and both give the join up when a third had the same id. Once that is
 * settled the connection keeps it, whoever gets the entry.
 */
static __always_inline void join_report(struct connection *connection, struct end own, __u64 now, bool ends)
{
	struct node_counters *counters = this_cpu_counters();
	struct join_bucket *bucket = join_bucket_of(connection->flow_id);
	__u32 halves = 0;
	struct end first = {};
	struct end second = {};

	if (!bucket || !counters || !connection->flow_id)
		return;
	if (!connection->join_settled) {
		/* Nobody can come any more. */
		bool over = ends || now - connection->opened_ns > JOIN_WINDOW_NS;
		bool is_first = connection->join_half == JOIN_FIRST;

		bpf_spin_lock(&bucket->lock);
		struct join_entry *entry = join_entry_of(bucket, connection->flow_id);

		if (entry) {
			halves = entry->halves;
			first = entry->ends[0];
			second = entry->ends[1];
			if (is_first && (over || halves > 1))
				entry->awaited = 0;
		}
		bpf_spin_unlock(&bucket->lock);

		/* The entry was lost, and may be the other half's by now. */
		bool missed = halves == 0 || !is_same_end(first, own);

		connection->join_settled = !is_first || over || missed || halves > 1;
		if (halves > 2) {
			connection->joined = 0;
			count_one(&counters->join_ambiguous);
		} else if (is_first && missed) {
			count_one(&counters->join_missed);
		} else if (is_first && halves == 2) {
			connection->far_cgroup_id = second.cgroup_id;
			connection->far_netns_cookie = second.netns_cookie;
			connection->joined = 1;
		}
	}
	if (connection->joined)
		count_one(&counters->joined);
}

#endif
