/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * From a connection to its record. Each record counts what was added since the one before; which one that is, is settled
 * under the connection's lock, so that a report of the live connection and that of its end, on two CPUs at once, count no
 * byte twice and leave none out.
 */
#ifndef WEIR_REPORT_BPF_H
#define WEIR_REPORT_BPF_H

#include <bpf/bpf_endian.h>
#include "account.bpf.h"
#include "identity.bpf.h"
#include "join.bpf.h"
#include "measure.bpf.h"

/* What one record tells of: the interval, and what was added in it. */
struct interval {
	struct volume added;
	__u64 start_ns;
	__u32 sequence;
	bool is_due;
};

/* Totals never step back, not even where a live socket was read while it changed. */
static __always_inline __u64 advance(__u64 *reported, __u64 total)
{
	__u64 added = total > *reported ? total - *reported : 0;

	*reported += added;
	return added;
}

/* The kernel's 32-bit counters wrap. */
static __always_inline __u32 advance_wrapping(__u32 *reported, __u32 total)
{
	__s32 added = total - *reported;

	if (added < 0)
		return 0;
	*reported = total;
	return added;
}

static __always_inline bool has_moved(const struct volume *total, const struct volume *reported)
{
	return total->bytes_received > reported->bytes_received || total->bytes_sent > reported->bytes_sent ||
	       (__s32)(total->segments_received - reported->segments_received) > 0 ||
	       (__s32)(total->segments_sent - reported->segments_sent) > 0 ||
	       (__s32)(total->retransmits - reported->retransmits) > 0;
}

/* Takes what is not reported yet as one interval. Not due: the connection has ended before, or nothing has moved and it lives. */
static __always_inline void take_interval(struct interval *interval, struct connection *connection,
					  const struct volume *total, __u64 now, bool ends)
{
	bpf_spin_lock(&connection->lock);
	interval->is_due = !connection->ended && (ends || has_moved(total, &connection->reported));
	if (interval->is_due) {
		struct volume *reported = &connection->reported;

		interval->added.bytes_received = advance(&reported->bytes_received, total->bytes_received);
		interval->added.bytes_sent = advance(&reported->bytes_sent, total->bytes_sent);
		interval->added.segments_received =
			advance_wrapping(&reported->segments_received, total->segments_received);
		interval->added.segments_sent = advance_wrapping(&reported->segments_sent, total->segments_sent);
		interval->added.retransmits = advance_wrapping(&reported->retransmits, total->retransmits);
		interval->start_ns = connection->reported_ns;
		interval->sequence = connection->sequence++;
		connection->reported_ns = now;
		connection->ended = ends;
	}
	bpf_spin_unlock(&connection->lock);
}

/* The connection ends without a record. False: another has ended it. */
static __always_inline bool end_unreported(struct connection *connection)
{
	bpf_spin_lock(&connection->lock);
	bool ends = !connection->ended;

	connection->ended = 1;
	bpf_spin_unlock(&connection->lock);
	return ends;
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
	/* skc_num is 0 at the close: the port is given back before the state changes. */
	flow->local_port = bpf_ntohs(tp->inet_conn.icsk_inet.inet_sport);
	flow->remote_port = bpf_ntohs(sk->__sk_common.skc_dport);
}

static __always_inline void fill_timing(struct tcp_flow *flow, struct tcp_sock *tp)
{
	flow->srtt_us = tp->srtt_us >> 3;
	flow->rttvar_us = tp->mdev_us >> 2;
	flow->rtt_min_us = tp->rtt_min.s[0].v;
}

static __always_inline __u16 flags_of(const struct sock *sk, struct tcp_sock *tp, const struct connection *connection,
				      int state)
{
	__u16 flags = 0;

	if (connection->established)
		flags |= TCP_FLAG_ESTABLISHED;
	if (connection->joined)
		flags |= TCP_FLAG_JOINED;
	if (connection->executable_cut)
		flags |= TCP_FLAG_EXECUTABLE_CUT;
	if (connection->taken_over)
		flags |= TCP_FLAG_TAKEN_OVER;
	if (is_orphaned(sk))
		flags |= TCP_FLAG_ORPHANED;
	if (sk->sk_shutdown & RCV_SHUTDOWN)
		flags |= TCP_FLAG_RECEIVE_SHUT;
	if (is_fin_received(sk))
		flags |= TCP_FLAG_FIN_RECEIVED;
	if (is_fin_acked(tp, state))
		flags |= TCP_FLAG_FIN_ACKED;
	return flags;
}

static __always_inline void fill(struct tcp_flow *flow, const struct sock *sk, struct tcp_sock *tp,
				 const struct connection *connection, const struct interval *interval, int state)
{
	struct end own = socket_end(sk);
	struct set_policy *policy = policy_of(connection->set);

	flow->type = RECORD_TCP;
	flow->role = connection->role;
	flow->last_state = state;
	flow->flags = flags_of(sk, tp, connection, state);
	flow->error = sk->sk_err;
	flow->sequence = interval->sequence;
	flow->flow_id_key = config.flow_id_key_number;
	flow->set = connection->set;
	flow->pid = connection->pid;
	flow->process_start_ns = connection->process_start_ns;
	flow->opened_ns = connection->opened_ns;
	flow->start_ns = interval->start_ns;
	flow->flow_id = connection->flow_id;
	flow->bytes_received = interval->added.bytes_received;
	flow->bytes_sent = interval->added.bytes_sent;
	flow->segments_received = interval->added.segments_received;
	flow->segments_sent = interval->added.segments_sent;
	flow->retransmits = interval->added.retransmits;
	flow->cgroup_id = own.cgroup_id;
	flow->netns_cookie = own.netns_cookie;
	flow->far_cgroup_id = connection->far_cgroup_id;
	flow->far_netns_cookie = connection->far_netns_cookie;
	flow->handshake_us = connection->handshake_us;
	flow->sample = connection->sample;
	flow->relief = policy ? policy->relief : 0;
	__builtin_memcpy(flow->executable, connection->executable, sizeof(flow->executable));
	fill_addresses(flow, sk, tp);
	fill_timing(flow, tp);
}

/* The connection's last record. Whoever gets false leaves the connection alone: another has ended it. */
static __always_inline bool report_end(const struct sock *sk, struct tcp_sock *tp, struct connection *connection, int state)
{
	struct volume total;
	struct interval interval;
	__u64 now = bpf_ktime_get_ns();

	measure(&total, sk, tp, state, connection->role);
	take_interval(&interval, connection, &total, now, true);
	if (!interval.is_due)
		return false;
	join_report(connection, socket_end(sk), now, true);

	struct tcp_flow *flow = reserve_flow();

	if (!flow) {
		count_observed(connection->set, COUNT_LOST);
		return true;
	}
	fill(flow, sk, tp, connection, &interval, state);
	flow->flags |= TCP_FLAG_ENDED;
	flow->end_ns = now;
	count_observed(connection->set, COUNT_SENT);
	submit_flow(flow);
	return true;
}

/*
 * A record of a connection that lives on, where something has moved. Without room in the ring nothing is lost: what has
 * moved stays for the next report.
 */
static __always_inline void report_live(const struct sock *sk, struct tcp_sock *tp, struct connection *connection,
					const struct volume *total, __u64 now)
{
	struct interval interval;
	struct tcp_flow *flow = reserve_flow();

	if (!flow) {
		struct node_counters *counters = this_cpu_counters();

		if (counters)
			count_one(&counters->postponed);
		return;
	}
	take_interval(&interval, connection, total, now, false);
	if (!interval.is_due) {
		bpf_ringbuf_discard(flow, BPF_RB_NO_WAKEUP);
		return;
	}
	join_report(connection, socket_end(sk), now, false);
	fill(flow, sk, tp, connection, &interval, sk->__sk_common.skc_state);
	flow->end_ns = now;
	count_observed(connection->set, COUNT_SENT);
	submit_flow(flow);
}

#endif
