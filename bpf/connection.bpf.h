/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Map values that never leave the kernel programs. */
#ifndef WEIR_CONNECTION_BPF_H
#define WEIR_CONNECTION_BPF_H

#include "flow.h"

/* Which half of a join entry a socket wrote. */
enum join_half {
	JOIN_NONE = 0,
	JOIN_FIRST = 1,
	JOIN_SECOND = 2,
};

/* What the kernel has counted of a connection, or what was added since. */
struct volume {
	__u64 bytes_received; /* payload in order */
	__u64 bytes_sent; /* payload, every byte once */
	__u32 segments_received;
	__u32 segments_sent;
	__u32 retransmits;
	__u32 reserved;
};

/* State of one tracked connection, in its socket's storage. Kept small: it is charged to the agent's memory. */
struct connection {
	__u64 opened_ns;
	__u64 process_start_ns;
	__u64 flow_id;
	__u64 far_cgroup_id;
	__u64 far_netns_cookie;
	/* Under the lock: a report of the live connection and that of its end meet on two CPUs. */
	struct volume reported;
	__u64 reported_ns; /* end of the interval that was reported last */
	__u32 sequence; /* of the next record */
	__u8 ended; /* its last record is out, or nobody wants it any more: no other follows */
	__u8 reserved[3];
	struct bpf_spin_lock lock;
	__u32 first_sent; /* sequence number of the first payload byte that this side sends */
	/* Only the pass over the live connections touches these. */
	__u64 seen_bytes;
	__u64 moved_ns; /* when it was seen to have carried data */
	__u32 generation;
	__u32 set;
	__u32 pid;
	__u32 process_claim; /* whoever sets it from 0 writes the process, and the pid last */
	__u32 handshake_us;
	__u8 role;
	__u8 established;
	__u8 taken_over;
	__u8 join_half;
	__u8 joined;
	__u8 join_settled; /* the other half is known for good, or will not come */
	__u8 executable_cut;
	__u8 reserved_flags;
	__u32 sample; /* as in struct tcp_flow; 0 until the connection is established */
	char executable[EXECUTABLE_LENGTH];
};

/* Kernel identity of one end of a connection. */
struct end {
	__u64 cgroup_id;
	__u64 netns_cookie;
};

#define JOIN_WAYS 4

/*
 * Where the two halves of a connection meet: up to four connections whose ids end alike. What every look reads comes
 * first, in 64 bytes; of the identities only those that are asked for are touched.
 */
struct join_bucket {
	struct bpf_spin_lock lock;
	__u8 halves[JOIN_WAYS]; /* 1 or 2; above 2 the entry answers nobody */
	__u64 flow_id[JOIN_WAYS];
	__u32 established[JOIN_WAYS]; /* the first half, in ticks of join.bpf.h, which wrap */
	__u8 first_role[JOIN_WAYS];
	__u8 awaited[JOIN_WAYS]; /* the first half is tracked and has not reported: it will come back for the second */
	struct end ends[JOIN_WAYS][2];
};

#endif
