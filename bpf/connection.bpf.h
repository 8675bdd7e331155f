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

/* State of one tracked connection, in its socket's storage. Kept small: it is charged to the agent's memory. */
struct connection {
	__u64 start_ns;
	__u64 process_start_ns;
	__u64 flow_id;
	__u64 far_cgroup_id;
	__u64 far_netns_cookie;
	__u32 generation;
	__u32 set;
	__u32 pid;
	__u32 handshake_us;
	__u8 role;
	__u8 established;
	__u8 join_half;
	__u8 joined;
	__u8 executable_cut;
	__u8 reserved[3];
	char executable[EXECUTABLE_LENGTH];
};

/* Kernel identity of one end of a connection. */
struct end {
	__u64 cgroup_id;
	__u64 netns_cookie;
};

/* Where the two halves of one connection meet. */
struct join_entry {
	__u64 flow_id;
	__u64 established_ns; /* of the first half */
	struct end ends[2];
	__u32 halves; /* 1 or 2; above 2 the entry answers nobody */
	__u8 first_role;
	__u8 awaited; /* the first half is tracked and has not reported: it will come back for the second */
	__u16 reserved;
};

struct join_bucket {
	struct bpf_spin_lock lock;
	__u32 reserved;
	struct join_entry entries[2];
};

#endif
