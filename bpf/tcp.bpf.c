/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * TCP flows, measured by the kernel's own socket counters and read when a socket changes state. No work per packet.
 * One record a socket, when it closes.
 */
#include <stdbool.h>
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include "account.bpf.h"
#include "flow_id.bpf.h"
#include "identity.bpf.h"
#include "join.bpf.h"
#include "select.bpf.h"

static __always_inline struct connection *tracked(const struct sock *sk)
{
	return bpf_sk_storage_get(&connections, (struct sock *)sk, NULL, 0);
}

/* connect(): the first SYN is about to leave. */
static __always_inline void opening(const struct sock *sk)
{
	struct selected selected = select_captures(sk);

	if (selected.set == SET_NONE)
		return;
	struct connection *connection = track((struct sock *)sk, selected.set);

	if (!connection)
		return;
	connection->start_ns = bpf_ktime_get_ns();
	connection->set = selected.set;
	connection->generation = selected.generation;
	connection->role = ROLE_ACTIVE;
	connection->handshake_us = UNMEASURED_MICROS;
	if (is_locked_by_process(sk))
		remember_process(connection);
}

/*
 * From the SYN-ACK to its acknowledgement, as the kernel has just measured it; 0 when it could not. Where the time of the
 * SYN-ACK is not known (it was retransmitted, or a SYN cookie stood for it) the kernel falls back on the TCP timestamps:
 * whole milliseconds, and up to 64 of them wrong with a cookie, which hides its options in the timestamp's low bits.
 */
static __always_inline __u32 handshake_round_trip(const struct tcp_sock *tp)
{
	__u32 round_trip = tp->srtt_us >> 3;

	return tp->total_retrans || round_trip % 1000 == 0 ? 0 : round_trip;
}

/*
 * A passive open becomes visible here: the socket is made when the handshake's last packet comes. Its start is then put
 * back by the round trip of the SYN-ACK.
 */
static __always_inline struct connection *accepted(const struct sock *sk, struct tcp_sock *tp, __u64 now)
{
	struct selected selected = select_captures(sk);

	if (selected.set == SET_NONE)
		return NULL;
	struct connection *connection = track((struct sock *)sk, selected.set);

	if (!connection)
		return NULL;
	__u32 round_trip = handshake_round_trip(tp);

	connection->handshake_us = round_trip ? round_trip : UNMEASURED_MICROS;
	connection->start_ns = now - (__u64)round_trip * 1000;
	connection->set = selected.set;
	connection->generation = selected.generation;
	return connection;
}

/*
 * The handshake is over, complete unless the socket goes straight to CLOSE. Every socket of the node then leaves its
 * identity for the other half, selected or not.
 */
static __always_inline void handshaken(const struct sock *sk, int old_state, int new_state)
{
	struct tcp_sock *tp = bpf_skc_to_tcp_sock((void *)sk);

	if (!tp)
		return;
	__u64 now = bpf_ktime_get_ns();
	struct connection *connection = tracked(sk);
	__u8 role = old_state == TCP_SYN_SENT ? ROLE_ACTIVE : role_after_syn_recv(tp);

	if (role == ROLE_PASSIVE)
		connection = accepted(sk, tp, now);
	if (connection)
		connection->role = role;
	if (new_state == TCP_CLOSE || role == ROLE_UNKNOWN)
		return;

	__u64 id = flow_id(tp, role);

	if (connection) {
		if (role == ROLE_ACTIVE)
			connection->handshake_us = (now - connection->start_ns) / 1000;
		connection->established = 1;
		connection->flow_id = id;
	}
	join_establish(id, role, socket_end(sk), now, connection);
}

/* close() or shutdown() by a process: for an accepted connection this is where its process is first seen for sure. */
static __always_inline void closing(const struct sock *sk)
{
	struct connection *connection = tracked(sk);

	if (connection && !connection->pid && is_locked_by_process(sk))
		remember_process(connection);
}

static __always_inline void fill_addresses(struct tcp_flow *flow, const struct sock *sk, struct tcp_sock *tp)
{
	flow->family = sk->__sk_common.skc_family;
	if (flow->family == AF_INET6) {
		BPF_CORE_READ_INTO(&flow->local_address, sk, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&flow->remote_address, sk, __sk_common.skc_v6_daddr);
	} else {
		__builtin_memset(flow->local_address, 0, sizeof(flow->local_address));
		__builtin_memset(flow->remote_address, 0, sizeof(flow->remote_address));
		*(__be32 *)flow->local_address = sk->__sk_common.skc_rcv_saddr;
		*(__be32 *)flow->remote_address = sk->__sk_common.skc_daddr;
	}
	/* skc_num is 0 by now: the port is given back before the state changes. */
	flow->local_port = bpf_ntohs(tp->inet_conn.icsk_inet.inet_sport);
	flow->remote_port = bpf_ntohs(sk->__sk_common.skc_dport);
}

/*
 * Payload bytes, exact: SYN and FIN count in the kernel's totals and are taken out again. Sent is what was acknowledged
 * and what is in flight, each byte once; bytes_sent − bytes_retrans is not it, since a packet that is refused locally
 * counts as sent again and again.
 */
static __always_inline void fill_volume(struct tcp_flow *flow, const struct sock *sk, struct tcp_sock *tp, int state,
					__u8 role)
{
	bool fin_received = sk->__sk_common.skc_flags & (1UL << SOCK_DONE_BIT);
	bool fin_sent = state == TCP_FIN_WAIT1 || state == TCP_FIN_WAIT2 || state == TCP_CLOSING ||
			state == TCP_LAST_ACK;
	bool fin_acked = state == TCP_FIN_WAIT2 || (fin_sent && tp->snd_una == tp->write_seq);
	bool fin_in_flight = fin_sent && !fin_acked && tp->snd_nxt == tp->write_seq;
	__u64 sequence_sent = tp->bytes_acked + (__u32)(tp->snd_nxt - tp->snd_una);
	bool syn_sent = role == ROLE_ACTIVE && sequence_sent;

	if (fin_received)
		flow->flags |= TCP_FLAG_FIN_RECEIVED;
	if (fin_acked)
		flow->flags |= TCP_FLAG_FIN_ACKED;
	flow->bytes_received = tp->bytes_received - (fin_received ? 1 : 0);
	flow->bytes_sent = sequence_sent - (syn_sent ? 1 : 0) - (fin_acked || fin_in_flight ? 1 : 0);
	flow->segments_received = tp->data_segs_in;
	flow->segments_sent = tp->data_segs_out;
}

static __always_inline void fill_timing(struct tcp_flow *flow, struct tcp_sock *tp)
{
	flow->retransmits = tp->total_retrans;
	flow->srtt_us = tp->srtt_us >> 3;
	flow->rttvar_us = tp->mdev_us >> 2;
	flow->rtt_min_us = tp->rtt_min.s[0].v;
}

static __always_inline void report(const struct sock *sk, struct tcp_sock *tp, struct connection *connection,
				   int old_state)
{
	struct tcp_flow *flow = reserve_flow(connection->set);

	if (!flow)
		return;
	struct end own = socket_end(sk);

	flow->type = RECORD_TCP;
	flow->role = connection->role;
	flow->last_state = old_state;
	flow->flags = 0;
	if (connection->established)
		flow->flags |= TCP_FLAG_ESTABLISHED;
	if (is_orphaned(sk))
		flow->flags |= TCP_FLAG_ORPHANED;
	if (sk->sk_shutdown & RCV_SHUTDOWN)
		flow->flags |= TCP_FLAG_RECEIVE_SHUT;
	if (connection->joined)
		flow->flags |= TCP_FLAG_JOINED;
	if (connection->executable_cut)
		flow->flags |= TCP_FLAG_EXECUTABLE_CUT;
	flow->flow_id_key = config.flow_id_key_number;
	flow->error = sk->sk_err;
	flow->set = connection->set;
	flow->pid = connection->pid;
	flow->process_start_ns = connection->process_start_ns;
	flow->start_ns = connection->start_ns;
	flow->end_ns = bpf_ktime_get_ns();
	flow->flow_id = connection->flow_id;
	flow->cgroup_id = own.cgroup_id;
	flow->netns_cookie = own.netns_cookie;
	flow->far_cgroup_id = connection->far_cgroup_id;
	flow->far_netns_cookie = connection->far_netns_cookie;
	flow->handshake_us = connection->handshake_us;
	__builtin_memcpy(flow->executable, connection->executable, sizeof(flow->executable));
	fill_addresses(flow, sk, tp);
	fill_volume(flow, sk, tp, old_state, connection->role);
	fill_timing(flow, tp);
	submit_flow(flow);
}

static __always_inline void closed(const struct sock *sk, int old_state)
{
	struct connection *connection = tracked(sk);

	if (!connection)
		return;
	struct tcp_sock *tp = bpf_skc_to_tcp_sock((void *)sk);

	if (!tp)
		return;
	/* The plan, or what is known of this pod, may have changed since the connection began. */
	if (connection->set == SET_UNKNOWN || connection->generation != selection_generation())
		connection->set = select_captures(sk).set;
	if (connection->set == SET_NONE) {
		struct node_counters *counters = this_cpu_counters();

		if (counters)
			count_one(&counters->unselected);
	} else {
		if (!connection->pid && is_closed_by_process(sk))
			remember_process(connection);
		join_report(connection, socket_end(sk));
		report(sk, tp, connection, old_state);
	}
	untrack((struct sock *)sk);
}

static __always_inline int state_changed(const struct sock *sk, int old_state, int new_state)
{
	if (sk->sk_protocol != IPPROTO_TCP) /* the MPTCP parent fires the same hook: its subflows are counted */
		return 0;

	if (old_state == TCP_SYN_SENT && new_state == TCP_SYN_RECV) /* simultaneous open, not established yet */
		return 0;
	/* A Fast Open server may leave SYN_RECV for any state. */
	if (new_state == TCP_ESTABLISHED || old_state == TCP_SYN_RECV)
		handshaken(sk, old_state, new_state);

	if (new_state == TCP_SYN_SENT)
		opening(sk);
	else if (new_state == TCP_FIN_WAIT1 || new_state == TCP_LAST_ACK)
		closing(sk);
	else if (new_state == TCP_CLOSE && old_state != TCP_LISTEN && old_state != TCP_CLOSE)
		closed(sk, old_state);
	return 0;
}

/*
 * The kernel does not run a program on a CPU where it is running already (bpf_trace_run: recursion_misses). connect() and
 * close() change states with interrupts on, so that a packet may change another socket's state in the middle of the
 * program: with one program that change would be lost. Hence one program for each of the two: a process holds the
 * socket's lock, a packet or timer never does.
 */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tcp_by_process, const struct sock *sk, const int old_state, const int new_state)
{
	return sk->sk_lock.owned ? state_changed(sk, old_state, new_state) : 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tcp_by_packet, const struct sock *sk, const int old_state, const int new_state)
{
	return sk->sk_lock.owned ? 0 : state_changed(sk, old_state, new_state);
}

/* Fixed by the helpers that are called: the sources are Apache-2.0 OR GPL-2.0-only. */
char LICENSE[] SEC("license") = "GPL";
