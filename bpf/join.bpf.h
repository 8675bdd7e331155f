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

/*
 * 1.05 ms each. They wrap after 52 days, so only ages are compared, without a sign: one of an entry from
 * before the wrap comes out too small, and at worst it stays in its bucket for another 52 days while others go.
 */
#define JOIN_TICK_BITS 20
/* Another CPU may have stamped an entry a little later than this one took its time. */
#define JOIN_TICK_SLACK 64
/* Two halves are established at most one full round of SYN-ACK retransmissions (127 s) apart. */
#define JOIN_WINDOW_NS 130000000000ULL
#define JOIN_WINDOW_TICKS (JOIN_WINDOW_NS >> JOIN_TICK_BITS)

/* As a mask it tells the verifier that an index is within. */
#define LAST_WAY (JOIN_WAYS - 1)
_Static_assert((JOIN_WAYS & LAST_WAY) == 0, "a mask needs a power of two");

static __always_inline __u32 join_ticks(__u64 ns)
{
	return ns >> JOIN_TICK_BITS;
}

static __always_inline struct join_bucket *join_bucket_of(__u64 id)
{
	__u32 index = (__u32)id & config.join_mask;

	return bpf_map_lookup_elem(&join_buckets, &index);
}

/* This and all that follows up to join_begin under the bucket's lock. JOIN_WAYS: none. */
static __always_inline __u32 join_way_of(const struct join_bucket *bucket, __u64 id)
{
#pragma unroll
	for (int way = 0; way < JOIN_WAYS; way++)
		if (bucket->flow_id[way] == id)
			return way;
	return JOIN_WAYS;
}

static __always_inline __u32 join_age(const struct join_bucket *bucket, int way, __u32 ticks)
{
	/* One that was never used is older than all others. */
	return bucket->flow_id[way] ? ticks + JOIN_TICK_SLACK - bucket->established[way] : ~0U;
}

/* The entry that is least missed: one that nobody comes back for, else the oldest one. */
static __always_inline __u32 join_victim(const struct join_bucket *bucket, __u32 ticks)
{
	__u32 victim = 0;
	__u8 awaited = bucket->awaited[0];
	__u32 age = join_age(bucket, 0, ticks);

#pragma unroll
	for (int way = 1; way < JOIN_WAYS; way++) {
		__u32 other = join_age(bucket, way, ticks);

		if (bucket->awaited[way] != awaited ? awaited : other > age) {
			victim = way;
			awaited = bucket->awaited[way];
			age = other;
		}
	}
	return victim;
}

/* The first half of this connection is here: the entry is its now. */
static __always_inline void join_begin(struct join_bucket *bucket, __u32 way, __u64 id, __u8 role, struct end own,
				       __u32 now, bool is_awaited)
{
	bucket->flow_id[way] = id;
	bucket->established[way] = now;
	bucket->ends[way][0] = own;
	bucket->first_role[way] = role;
	bucket->awaited[way] = is_awaited;
	bucket->halves[way] = 1;
}

static __always_inline struct node_counters *this_cpu_counters(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&node_counters, &zero);
}

/* Which half the connection is, and for the second one who the first is. */
static __always_inline void keep_join(struct connection *connection, __u8 half, struct end far)
{
	connection->join_half = half;
	connection->far_cgroup_id = far.cgroup_id;
	connection->far_netns_cookie = far.netns_cookie;
	connection->joined = half == JOIN_SECOND;
}

/* Leaves this end's identity behind. With a connection, also keeps which half it is and the other's identity. */
static __always_inline void join_establish(__u64 id, __u8 role, struct end own, __u64 now,
					   struct connection *connection)
{
	struct join_bucket *bucket = join_bucket_of(id);
	__u32 ticks = join_ticks(now);
	__u8 half = JOIN_NONE;
	struct end far = {};

	if (!bucket)
		return;
	bpf_spin_lock(&bucket->lock);
	__u32 way = join_way_of(bucket, id);

	if (way >= JOIN_WAYS) {
		join_begin(bucket, join_victim(bucket, ticks) & LAST_WAY, id, role, own, ticks, connection != NULL);
		half = JOIN_FIRST;
	} else if (ticks - bucket->established[way] > JOIN_WINDOW_TICKS) {
		join_begin(bucket, way, id, role, own, ticks, connection != NULL);
		half = JOIN_FIRST;
	} else if (bucket->halves[way] == 1 && (bucket->first_role[way] != role || role == ROLE_ACTIVE)) {
		bucket->ends[way][1] = own;
		far = bucket->ends[way][0];
		bucket->halves[way] = 2;
		half = JOIN_SECOND;
	} else {
		bucket->halves[way] = 3;
	}
	bpf_spin_unlock(&bucket->lock);

	if (connection)
		keep_join(connection, half, far);
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
	__u32 ticks = join_ticks(now);
	__u8 half = JOIN_NONE;
	struct end far = {};

	if (!bucket)
		return;
	bpf_spin_lock(&bucket->lock);
	__u32 way = join_way_of(bucket, id);

	if (way >= JOIN_WAYS) {
		__u32 victim = join_victim(bucket, ticks) & LAST_WAY;
		/*
		 * A pass brings all first halves before the second ones: whoever took the place of one that waits would find its
		 * own taken by the other's second half.
		 */
		if (!bucket->awaited[victim] || ticks - bucket->established[victim] > JOIN_WINDOW_TICKS)
			join_begin(bucket, victim, id, role, own, ticks, connection != NULL);
		half = JOIN_FIRST;
	} else if (bucket->halves[way] == 1 && bucket->first_role[way] != role) {
		bucket->ends[way][1] = own;
		far = bucket->ends[way][0];
		bucket->halves[way] = 2;
		half = JOIN_SECOND;
	} else if (bucket->first_role[way] == role && is_same_end(bucket->ends[way][0], own)) {
		bucket->awaited[way] |= connection != NULL;
		half = JOIN_FIRST;
	} else if (bucket->halves[way] == 2 && is_same_end(bucket->ends[way][1], own)) {
		far = bucket->ends[way][0];
		half = JOIN_SECOND;
	}
	bpf_spin_unlock(&bucket->lock);

	if (connection)
		keep_join(connection, half, far);
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
		__u32 way = join_way_of(bucket, connection->flow_id);

		if (way < JOIN_WAYS) {
			halves = bucket->halves[way];
			first = bucket->ends[way][0];
			second = bucket->ends[way][1];
			if (is_first && (over || halves > 1))
				bucket->awaited[way] = 0;
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
