/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Two passes over the connections of every network namespace, which the agent runs from time to time: one reports those
 * that live, the other finds those that are older than the capture, or than their pod's selection, and whose process a
 * tracked one is. The first goes over what is tracked; where the kernel does not let it, over all open files, as the second.
 */
#ifndef WEIR_LIVE_BPF_H
#define WEIR_LIVE_BPF_H

#include "account.bpf.h"
#include "flow_id.bpf.h"
#include "report.bpf.h"
#include "select.bpf.h"
#include "want.bpf.h"

#define DEFAULT_ACTIVE_NS 60000000000ULL
#define DEFAULT_IDLE_NS 15000000000ULL

static __always_inline struct pass_control this_pass(void)
{
	__u32 zero = 0;
	struct pass_control *control = bpf_map_lookup_elem(&pass_control, &zero);
	struct pass_control none = {};

	return control ? *control : none;
}

/* Whether it is time for a report of this connection, by the policy of its set. */
static __always_inline bool is_time(struct connection *connection, const struct volume *total, __u64 now)
{
	struct set_policy *policy = policy_of(connection->set);
	__u64 active = policy && policy->active_ns ? policy->active_ns : DEFAULT_ACTIVE_NS;
	__u64 idle = policy && policy->idle_ns ? policy->idle_ns : DEFAULT_IDLE_NS;
	__u64 bytes = total->bytes_received + total->bytes_sent;

	if (bytes != connection->seen_bytes) {
		connection->seen_bytes = bytes;
		connection->moved_ns = now;
	}
	return now - connection->reported_ns >= active || now - connection->moved_ns >= idle;
}

static __always_inline int look_after(struct sock *sk, struct tcp_sock *tp, struct connection *connection)
{
	/* Before it is established nothing can have moved. */
	if (!connection->established || connection->ended)
		return 0;

	/* The state is written after the program has been told of it: nobody was told of this end. */
	if (sk->__sk_common.skc_state == TCP_CLOSE) {
		if (report_end(sk, tp, connection, TCP_CLOSE))
			untrack(sk);
		return 0;
	}
	struct volume total;
	__u64 now = bpf_ktime_get_ns();

	measure_live(&total, sk, tp, connection);
	bool is_reselected = connection->generation != selection_generation() || connection->set == SET_UNKNOWN;
	struct selected selected = { .set = connection->set };

	if (is_reselected)
		selected = select_captures(sk);
	/* What has moved until now is of those who selected it until now. */
	bool is_other = selected.set != connection->set && connection->set != SET_UNKNOWN;
	bool is_due = is_time(connection, &total, now) || is_other || this_pass().report_all;

	if (is_due && has_moved(&total, &connection->reported))
		report_live(sk, tp, connection, &total, now);
	if (!is_reselected)
		return 0;
	connection->set = selected.set;
	connection->generation = selected.generation;
	if (selected.set == SET_NONE && end_unreported(connection))
		untrack(sk);
	return 0;
}

/* All that are tracked, whoever holds them. */
SEC("iter/bpf_sk_storage_map")
int report_stored(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct sock *sk = ctx->sk;

	if (!sk)
		return 0;
	struct connection *connection = bpf_sk_storage_get(&connections, sk, NULL, 0);
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);

	return connection && tp ? look_after(sk, tp, connection) : 0;
}

/* The TCP socket of an open file, or NULL. */
static __always_inline struct sock *tcp_of(struct file *file)
{
	struct socket *socket = file ? bpf_sock_from_file(file) : NULL;
	struct sock *sk = socket ? socket->sk : NULL;

	return sk && sk->sk_protocol == IPPROTO_TCP ? sk : NULL;
}

/*
 * Those that a process holds in a descriptor. What waits to be accepted, is closed and still sends, is a subflow of MPTCP, or
 * is io_uring's alone, is reported at its end.
 */
SEC("iter/task_file")
int report_held(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct sock *sk = tcp_of(ctx->file);

	if (!task || !sk)
		return 0;
	struct connection *connection = bpf_sk_storage_get(&connections, sk, NULL, 0);
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);

	if (!connection || !tp)
		return 0;
	/* If its user closes it now, this walk's process is the one that does away with the socket. */
	if (!connection->pid)
		remember_process(connection, task->group_leader);
	return look_after(sk, tp, connection);
}

/* A fingerprint of all that take_over reads. Everything in the sum only grows: an equal sum means equal parts. */
struct look {
	__u64 sum;
	int state;
};

static __always_inline struct look look_at(const struct sock *sk, struct tcp_sock *tp)
{
	struct look look = {
		.sum = *(volatile __u64 *)&tp->bytes_acked + *(volatile __u64 *)&tp->bytes_received +
		       *(volatile __u64 *)&tp->bytes_sent + *(volatile __u64 *)&tp->bytes_retrans +
		       *(volatile __u32 *)&tp->snd_nxt + *(volatile __u32 *)&tp->snd_una +
		       *(volatile __u32 *)&tp->rcv_nxt + *(volatile __u32 *)&tp->write_seq,
		.state = sk->__sk_common.skc_state,
	};

	return look;
}

/* States of a connection that a process holds; before it is accepted it is in nobody's descriptor. */
static __always_inline bool is_held_state(int state)
{
	return state == TCP_SYN_SENT || state == TCP_ESTABLISHED || state == TCP_CLOSE_WAIT || is_fin_state(state);
}

/* The state of a connection as if it began now, except that its identity is that of its handshake. */
static __always_inline void begin_now(struct connection *begin, const struct sock *sk, struct tcp_sock *tp, int state)
{
	bool fin_sent = is_fin_state(state) && tp->snd_nxt == tp->write_seq;

	begin->role = state == TCP_SYN_SENT ? ROLE_ACTIVE : role_by_sequence(tp, fin_sent);
	begin->established = state != TCP_SYN_SENT;
	begin->first_sent = first_sent_sequence(tp, begin->role);
	begin->flow_id = begin->established && begin->role != ROLE_UNKNOWN ? flow_id(tp, begin->role) : 0;
	begin->sample = begin->flow_id ? sample_of(begin->flow_id) : sample_of_own(tp);
	measure(&begin->reported, sk, tp, state, begin->role);
	begin->seen_bytes = begin->reported.bytes_received + begin->reported.bytes_sent;
}

/*
 * Takes over a connection that is not tracked, from now on. One that is changing all the time is left to the next pass: what
 * is read of it might belong to two moments.
 */
static __always_inline void take_over(struct sock *sk, struct tcp_sock *tp, struct task_struct *leader)
{
	struct connection begin = {};
	struct connection *connection = NULL;
	struct look before = look_at(sk, tp);

	/* It may have ended since it was found to live: then nobody would tell of its end again. */
	if (!is_held_state(before.state))
		return;
	in_order(&begin);
	begin_now(&begin, sk, tp, before.state);
	in_order(&begin);
	if (is_locked(sk, false))
		return;
	in_order(&begin);
	struct look after = look_at(sk, tp);

	if (before.sum != after.sum || before.state != after.state)
		return;

	struct selected selected = select_captures(sk);
	__u64 now = bpf_ktime_get_ns();

	enum want wanted = begin.established ? want(selected.set, sk, begin.role, begin.sample) :
					       want_opening(selected.set, sk, begin.role);

	/* Who is not wanted is not counted: every pass meets it, and nobody has seen it begin. */
	if (selected.set != SET_NONE && wanted == WANTED) {
		begin.opened_ns = now;
		begin.reported_ns = now;
		begin.moved_ns = now;
		begin.set = selected.set;
		begin.generation = selected.generation;
		begin.handshake_us = UNMEASURED_MICROS;
		begin.taken_over = 1;
		begin.process_claim = 0;
		remember_process(&begin, leader);
		connection = track(sk, selected.set, &begin, this_pass().is_first ? REFUSAL_COUNTS : REFUSAL_COUNTED_BEFORE);
	}
	if (connection) {
		struct node_counters *counters = this_cpu_counters();

		if (counters)
			count_one(&counters->taken_over);
	}
	if (begin.flow_id)
		join_take_over(begin.flow_id, begin.role, socket_end(sk), now, connection);
}

SEC("iter/task_file")
int take_over_connections(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct sock *sk = tcp_of(ctx->file);

	if (!task || !sk || !is_held_state(sk->__sk_common.skc_state))
		return 0;
	struct connection *connection = bpf_sk_storage_get(&connections, sk, NULL, 0);
	struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);

	if (!tp)
		return 0;
	if (!connection)
		take_over(sk, tp, task->group_leader);
	else if (!connection->pid)
		remember_process(connection, task->group_leader);
	return 0;
}

#endif
