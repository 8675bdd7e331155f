/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * TCP flows, measured by the kernel's own socket counters and read when a socket changes state. No work per packet.
 * One record a socket when it closes, and others while it lives (live.bpf.h).
 */
#include <stdbool.h>
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "account.bpf.h"
#include "flow_id.bpf.h"
#include "identity.bpf.h"
#include "join.bpf.h"
#include "live.bpf.h"
#include "report.bpf.h"
#include "select.bpf.h"
#include "want.bpf.h"

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
	enum want wanted = want_opening(selected.set, sk, ROLE_ACTIVE);

	if (wanted != WANTED) {
		count_unwanted(selected.set, wanted);
		return;
	}
	struct connection *connection = track((struct sock *)sk, selected.set, NULL, REFUSAL_COUNTS);

	if (!connection)
		return;
	connection->opened_ns = bpf_ktime_get_ns();
	connection->reported_ns = connection->opened_ns;
	connection->set = selected.set;
	connection->generation = selected.generation;
	connection->role = ROLE_ACTIVE;
	connection->handshake_us = UNMEASURED_MICROS;
	if (is_locked_by_process(sk))
		remember_running_process(connection);
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
static __always_inline struct connection *accepted(const struct sock *sk, struct tcp_sock *tp, __u32 sample, __u64 now)
{
	struct selected selected = select_captures(sk);

	if (selected.set == SET_NONE)
		return NULL;
	enum want wanted = want(selected.set, sk, ROLE_PASSIVE, sample);

	if (wanted != WANTED) {
		count_unwanted(selected.set, wanted);
		return NULL;
	}
	struct connection *connection = track((struct sock *)sk, selected.set, NULL, REFUSAL_COUNTS);

	if (!connection)
		return NULL;
	__u32 round_trip = handshake_round_trip(tp);

	connection->handshake_us = round_trip ? round_trip : UNMEASURED_MICROS;
	connection->opened_ns = now - (__u64)round_trip * 1000;
	connection->reported_ns = connection->opened_ns;
	connection->set = selected.set;
	connection->generation = selected.generation;
	return connection;
}

/* A connection that is tracked already: where nobody wants it, now that more is known of it, it is no more. */
static __always_inline bool is_wanted_on(struct connection *connection, const struct sock *sk, __u8 role, __u32 sample)
{
	enum want wanted = want_on(connection->set, role, sample);

	if (wanted == WANTED)
		return true;
	if (end_unreported(connection)) {
		count_unwanted(connection->set, wanted);
		untrack((struct sock *)sk);
	}
	return false;
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
	__u8 role = old_state == TCP_SYN_SENT ? ROLE_ACTIVE : role_by_sequence(tp, false);

	bool completes = new_state != TCP_CLOSE && role != ROLE_UNKNOWN;
	__u64 id = completes ? flow_id(tp, role) : 0;
	__u32 sample = completes ? sample_of(id) : sample_of_own(tp);

	if (role == ROLE_PASSIVE)
		connection = accepted(sk, tp, sample, now);
	else if (connection && completes && !is_wanted_on(connection, sk, role, sample))
		connection = NULL;
	if (connection) {
		connection->role = role;
		connection->sample = sample;
	}
	if (!completes)
		return;
	if (connection) {
		/* Taken over while it opened: all but the beginning of its handshake is known. */
		if (connection->taken_over)
			connection->taken_over = 0;
		else if (role == ROLE_ACTIVE)
			connection->handshake_us = (now - connection->opened_ns) / 1000;
		connection->flow_id = id;
		connection->first_sent = first_sent_sequence(tp, role);
		connection->moved_ns = now;
		/* From now on the pass over the live connections takes it in. */
		connection->established = 1;
	}
	join_establish(id, role, socket_end(sk), now, connection);
}

/* close() or shutdown() by a process: for an accepted connection this is where its process is first seen for sure. */
static __always_inline void closing(const struct sock *sk)
{
	struct connection *connection = tracked(sk);

	if (connection && is_locked_by_process(sk))
		remember_running_process(connection);
}

/*
 * The plan, or what is known of this pod, may have changed since the connection began, or since the last pass over the
 * live ones. Who selected it until now gets its end; only one that was never known to be selected is nobody's.
 */
static __always_inline void reselect(struct connection *connection, const struct sock *sk)
{
	if (connection->set != SET_UNKNOWN && connection->generation == selection_generation())
		return;
	__u32 set = select_captures(sk).set;

	if (set != SET_NONE || connection->set == SET_UNKNOWN)
		connection->set = set;
}

static __always_inline void closed(const struct sock *sk, int old_state)
{
	struct connection *connection = tracked(sk);

	if (!connection)
		return;
	struct tcp_sock *tp = bpf_skc_to_tcp_sock((void *)sk);
	bool ends;

	if (!tp)
		return;
	reselect(connection, sk);
	if (!connection->established && connection->set != SET_NONE) {
		connection->sample = sample_of_own(tp);
		if (!is_wanted_on(connection, sk, connection->role, connection->sample))
			return;
	}
	if (connection->set == SET_NONE) {
		struct node_counters *counters = this_cpu_counters();

		ends = end_unreported(connection);
		if (ends && counters)
			count_one(&counters->unselected);
	} else {
		if (is_closed_by_process(sk))
			remember_running_process(connection);
		ends = report_end(sk, tp, connection, old_state);
	}
	if (ends)
		untrack((struct sock *)sk);
}

/* Programs that outlive their agent stop of themselves when no other comes. */
static __always_inline bool is_leased(void)
{
	__u32 zero = 0;
	struct lease *held = bpf_map_lookup_elem(&lease, &zero);

	if (!held || !held->until_ns)
		return true;
	__u64 jiffies = bpf_jiffies64();

	if (held->looked_at != jiffies) {
		held->is_over = bpf_ktime_get_ns() >= held->until_ns;
		held->looked_at = jiffies;
	}
	return !held->is_over;
}

static __always_inline int state_changed(const struct sock *sk, int old_state, int new_state)
{
	if (sk->sk_protocol != IPPROTO_TCP) /* the MPTCP parent fires the same hook: its subflows are counted */
		return 0;
	if (!is_leased())
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
