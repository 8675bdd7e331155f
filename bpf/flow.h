/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The wire contract between the kernel programs and the agent: every struct and enum that crosses the ring buffer or a
 * map. The agent's offsets are generated from this file's BTF (npm run generate) and a contract test holds them equal.
 * Fields are ordered so that there is no padding.
 */
#ifndef WEIR_FLOW_H
#define WEIR_FLOW_H

#define EXECUTABLE_LENGTH 32 /* bytes kept of the executable's file name, NUL included */

enum record_type {
	RECORD_TCP = 1,
};

enum role {
	ROLE_UNKNOWN = 0,
	ROLE_ACTIVE = 1, /* opened the connection */
	ROLE_PASSIVE = 2, /* accepted it */
};

enum tcp_flag {
	TCP_FLAG_ESTABLISHED = 1,
	TCP_FLAG_FIN_RECEIVED = 2,
	TCP_FLAG_FIN_ACKED = 4,
	TCP_FLAG_RECEIVE_SHUT = 8, /* the process had given up reading: a reset may be the kernel's own answer to late data */
	TCP_FLAG_ORPHANED = 16, /* no process held the socket any more */
	TCP_FLAG_JOINED = 32, /* far_* is the other half's kernel identity */
	TCP_FLAG_EXECUTABLE_CUT = 64, /* the executable's name is longer than what is here */
	TCP_FLAG_ENDED = 128, /* the last record of the connection; without it the connection lives on */
	TCP_FLAG_TAKEN_OVER = 256, /* older than the capture: counters, opened_ns and start_ns begin with the take-over */
};

/* Values of a selection entry and of a record's set beside real set ids. */
enum set {
	SET_NONE = 0, /* known, and not selected */
	SET_UNKNOWN = 0xffffffff, /* below a pod parent, but user space has not said yet: captured provisionally */
};

/* In place of a measure that could not be taken. */
enum unmeasured {
	UNMEASURED_MICROS = 0xffffffff,
};

/*
 * One TCP socket's view of an interval of its connection: from the report before, or the beginning, to end_ns. Counters are
 * what was added in it. Written when the socket closes, and from time to time while it lives. Addresses are in network
 * order, ports in host order.
 */
struct tcp_flow {
	__u8 type; /* enum record_type */
	__u8 family; /* AF_INET or AF_INET6 */
	__u8 role; /* enum role */
	__u8 last_state; /* TCP state at the report, before the close where it was that */
	__u16 flags; /* enum tcp_flag */
	__u16 error; /* sk_err: what ended the connection, 0 when nothing did */
	__u32 sequence; /* 0, 1, 2 … of the connection's records */
	__u32 flow_id_key; /* which key flow_id was made with */
	__u32 set; /* which set of captures selected the socket's cgroup */
	__u32 pid; /* thread group id; 0 when it cannot be known */
	__u64 process_start_ns; /* CLOCK_BOOTTIME: tells a process from a later one with the same pid */
	__u64 opened_ns; /* CLOCK_MONOTONIC: when the connection began */
	__u64 start_ns; /* when this record's interval began: opened_ns in the first, end_ns of the one before in the others */
	__u64 end_ns;
	__u64 flow_id; /* 0 when the handshake never completed */
	__u64 bytes_received; /* payload in order */
	__u64 bytes_sent; /* payload, every byte once */
	__u64 cgroup_id; /* of the socket */
	__u64 netns_cookie;
	__u64 far_cgroup_id; /* of the other end, when it is on this node too */
	__u64 far_netns_cookie;
	__u8 local_address[16]; /* IPv4 in the first 4 bytes */
	__u8 remote_address[16];
	__u16 local_port;
	__u16 remote_port;
	__u32 segments_received; /* with data */
	__u32 segments_sent; /* with data, retransmissions included */
	__u32 retransmits; /* segments, SYN and FIN included */
	__u32 srtt_us; /* smoothed round trip, 0 when none was measured */
	__u32 rttvar_us;
	__u32 rtt_min_us; /* UNMEASURED_MICROS when there was none, as the kernel itself has it */
	__u32 handshake_us; /* or UNMEASURED_MICROS */
	__u32 sample; /* decides about sampling: the upper half of flow_id, or a hash of the socket's own ISN where there is none */
	__u32 relief; /* of connections that all captures want one in so many is taken, for want of memory or CPU; 0 as 1 */
	char executable[EXECUTABLE_LENGTH];
};

/* What happened to the flows of one set of captures inside the kernel; one entry a CPU. */
struct ledger_entry {
	__u64 observed; /* records that were due: of intervals, and of connections that ended */
	__u64 lost_ring_full;
	__u64 lost_too_many_connections;
	__u64 lost_storage_unavailable;
	__u64 filtered_direction; /* connections that all captures of the set do not want for who opened them */
	__u64 filtered_peer; /* and for their far side's address or port */
	__u64 sampled_out; /* connections that the sampling of all captures of the set passes over */
};

/* Events that concern no capture in particular; one entry a CPU. */
struct node_counters {
	__u64 joined;
	__u64 join_missed; /* the entry was taken over before the first half came back for the second */
	__u64 join_ambiguous; /* a third half with the same flow id: no join */
	__u64 unselected; /* captured provisionally, and not selected when it ended */
	__u64 postponed; /* an interim report found no room in the ring: the next one counts for both */
	__u64 taken_over; /* connections older than the capture, tracked from then on */
};

/* How sockets outside of every listed cgroup are treated, and which plan the selection map belongs to. */
struct selection_control {
	__u32 generation; /* a connection that was selected under another generation is looked up again */
	__u32 default_set; /* set of sockets whose cgroup and its parents are not listed */
	__u32 listed; /* number of listed cgroups: with none the walk is skipped */
	__u32 reserved;
};

/*
 * What all captures of one set have in common. Who opened, where they all ask the same; the sampling of the one that takes
 * most, which takes what the others take; the shortest times between reports. What differs is decided in user space.
 */
struct set_policy {
	__u64 active_ns; /* a connection that carries data is reported this often; 0: as DEFAULT_ACTIVE_NS */
	__u64 idle_ns; /* one that has carried none for this long is reported once; 0: as DEFAULT_IDLE_NS */
	__u64 sampled_below; /* connections whose sample is below are taken: 2^32 / one in; 0: all */
	__u32 role; /* enum role of the connections that are wanted; ROLE_UNKNOWN: any */
	__u32 relief; /* as in struct tcp_flow; sampled_below has it in it */
	__u32 peers; /* id of the list of far sides that they all have; 0: none, or not the same one */
	__u32 reserved;
};

/*
 * A list of far sides: ordered rules, the first that matches decides. Bit n of a mask is rule n. A list is never changed:
 * another one has another id.
 */
struct peer_list {
	__u64 any_address; /* rules that ask for no address */
	__u64 any_port; /* rules that ask for no port */
	__u64 by_label; /* rules that ask for labels, which only user space knows */
	__u64 included; /* rules that include */
	__u32 included_otherwise; /* whether a far side that no rule matches is included */
	__u32 reserved;
};

/* What a peer_key is about. */
enum peer_kind {
	PEER_KIND_PORT = 1, /* of the server: the first 2 bytes */
	PEER_KIND_IPV4 = 4, /* the first 4 bytes; of an IPv4-mapped address too */
	PEER_KIND_IPV6 = 6,
};

/* Of an LPM trie. Its value is the mask of the rules that cover all of the prefix, by this prefix or a shorter one. */
struct peer_key {
	__u32 prefix_length; /* bits after this field that count */
	__u32 list;
	__u32 kind; /* enum peer_kind */
	__u8 value[16]; /* network order */
};

/* What the next pass over the live connections is for. */
struct pass_control {
	__u32 report_all; /* whatever has moved is reported, due or not: the last pass before the program goes */
	__u32 is_first; /* nobody has looked before: connections that find no room are counted as lost */
};

/* Until when somebody reads what the programs write; beyond it they do nothing. All zero: as long as they are attached. */
struct lease {
	__u64 until_ns; /* CLOCK_MONOTONIC */
	__u64 looked_at; /* jiffies, when a program compared the time last: once in each is enough, and the clock costs more */
	__u64 is_over;
};

/* Set between open and load, constant for the program's life. */
struct program_config {
	__u64 flow_id_key[2]; /* SipHash key */
	__u32 flow_id_key_number;
	__u32 max_connections; /* ceiling of tracked connections: sk_storage has none of its own */
	__u32 join_mask; /* number of join buckets − 1 */
	__u32 reserved;
};

#endif
