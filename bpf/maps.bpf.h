/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Every map, with its size and the reason for it. Sizes marked (load) are set by the agent between open and load. */
#ifndef WEIR_MAPS_BPF_H
#define WEIR_MAPS_BPF_H

#include <bpf/bpf_helpers.h>
#include "flow.h"
#include "connection.bpf.h"

/* Records on their way to the agent. (load) 8 MiB by default: 37,000 records between two drains. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} flows SEC(".maps");

/* Per-connection state. Has no max_entries: config.max_connections is its bound, kept in connection_count. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct connection);
} connections SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} connection_count SEC(".maps");

/*
 * cgroup id -> set id. Every pod cgroup of the node and every parent of pod cgroups is listed: 110 pods a node is usual,
 * 500 the most that is run; 16,384 leaves room for one entry a container. Not preallocated: most nodes use 1 % of it.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, __u32);
} selection SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct selection_control);
} selection_control SEC(".maps");

/* Indexed by set id; entry 0 is for connections whose set is not known yet. 1,024 sets are the most that a node interns. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct ledger_entry);
} ledger SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct node_counters);
} node_counters SEC(".maps");

/* Indexed by set id, as the ledger; entry 0 is for connections whose set is not known yet. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct set_policy);
} policies SEC(".maps");

/* By list id: one for each set at the very most, and as many that no set refers to any more and that go soon. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 2048);
	__type(key, __u32);
	__type(value, struct peer_list);
} peer_lists SEC(".maps");

/*
 * Networks and ports of all lists. A list of ten networks takes ten entries of about 70 bytes, the largest that the API
 * allows (64 rules of 64 networks and 64 ranges of ports) up to 30,000: 65,536 are 4.5 MB, of which most nodes use nothing.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct peer_key);
	__type(value, __u64);
} peer_masks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pass_control);
} pass_control SEC(".maps");

/*
 * Buckets of four entries by flow id: where the two halves of a connection meet. (load) 16,384 buckets, 3 MB: of 10,000
 * connections that are all taken over at once one in some thousands finds no room; with buckets of two it was one in 28.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	/* Nobody maps it: so it begins at a page, and what a look reads of a bucket is one cache line. */
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct join_bucket);
} join_buckets SEC(".maps");

/* How long the programs go on. An agent whose programs outlive it renews it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct lease);
} lease SEC(".maps");

/*
 * What the agent has to know of its own past to go on where an earlier process ended; no program reads it. Mapped into the
 * agent's memory, and here so that it dies with everything else of the kernel's that it speaks of. 1 MiB.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 256);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, 4096);
} journal SEC(".maps");

#endif
