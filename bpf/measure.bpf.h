/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Payload bytes, exact: SYN and FIN count in the kernel's totals and are taken out again. Sent is what was acknowledged
 * and what is in flight, each byte once; bytes_sent − bytes_retrans is not it, since a packet that is refused locally
 * counts as sent again and again.
 */
#ifndef WEIR_MEASURE_BPF_H
#define WEIR_MEASURE_BPF_H

#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "connection.bpf.h"
#include "kernel.h"

static __always_inline bool is_fin_received(const struct sock *sk)
{
	return sk->__sk_common.skc_flags & (1UL << SOCK_DONE_BIT);
}

/* This side has closed its direction: its FIN is out, or about to be. */
static __always_inline bool is_fin_state(int state)
{
	return state == TCP_FIN_WAIT1 || state == TCP_FIN_WAIT2 || state == TCP_CLOSING || state == TCP_LAST_ACK;
}

static __always_inline bool is_fin_acked(struct tcp_sock *tp, int state)
{
	return state == TCP_FIN_WAIT2 || (is_fin_state(state) && tp->snd_una == tp->write_seq);
}

static __always_inline void measure_segments(struct volume *volume, struct tcp_sock *tp)
{
	volume->segments_received = tp->data_segs_in;
	volume->segments_sent = tp->data_segs_out;
	volume->retransmits = tp->total_retrans;
	volume->reserved = 0;
}

/* The totals of a socket that is changing its state: nobody else writes to it. `state` is the one before. */
static __always_inline void measure(struct volume *volume, const struct sock *sk, struct tcp_sock *tp, int state, __u8 role)
{
	bool fin_acked = is_fin_acked(tp, state);
	bool fin_in_flight = is_fin_state(state) && !fin_acked && tp->snd_nxt == tp->write_seq;
	__u64 sequence_sent = tp->bytes_acked + (__u32)(tp->snd_nxt - tp->snd_una);
	bool syn_sent = role == ROLE_ACTIVE && sequence_sent;

	volume->bytes_received = tp->bytes_received - (is_fin_received(sk) ? 1 : 0);
	volume->bytes_sent = sequence_sent - (syn_sent ? 1 : 0) - (fin_acked || fin_in_flight ? 1 : 0);
	measure_segments(volume, tp);
}

/* Where the payload of this side begins; right whenever nobody else writes to the socket. */
static __always_inline __u32 first_sent_sequence(struct tcp_sock *tp, __u8 role)
{
	return tp->snd_una - (__u32)tp->bytes_acked + (role == ROLE_ACTIVE ? 1 : 0);
}

/* A process or a packet is changing the socket right now. `unknown`: the answer where that cannot be seen (PREEMPT_RT). */
static __always_inline bool is_locked(const struct sock *sk, bool unknown)
{
	__u32 lock = 1;

	if (!bpf_core_field_exists(struct spinlock, rlock))
		return unknown;
	bpf_probe_read_kernel(&lock, sizeof(lock), &sk->sk_lock.slock);
	return lock || *(volatile int *)&sk->sk_lock.owned;
}

/* What follows is read after what came before, on every machine: an atomic operation is the only fence that BPF has. */
static __always_inline void in_order(struct connection *connection)
{
	__sync_fetch_and_add(&connection->process_claim, 0);
}

/*
 * The totals of a socket that others are changing at the same time. Never more than the truth of now, so that the report
 * of the end never has to take anything back; what is missing comes with the next one.
 * Each counter is read once. The acknowledged bytes and the sequence numbers belong together and are not written together:
 * the low half of what was sent is therefore taken from one sequence number alone. A FIN is counted before it shows in the
 * socket's flags and after it shows in its state: where one may be on its way a byte is held back.
 */
static __always_inline void measure_live(struct volume *volume, const struct sock *sk, struct tcp_sock *tp,
					 struct connection *connection)
{
	__u32 sent_to = *(volatile __u32 *)&tp->snd_nxt;
	__u64 received = *(volatile __u64 *)&tp->bytes_received;

	in_order(connection);
	bool locked = is_locked(sk, true);

	in_order(connection);
	bool fin_taken = is_fin_received(sk);
	bool fin_sent = is_fin_state(sk->__sk_common.skc_state);
	__u64 about = tp->bytes_acked + (__u32)(tp->snd_nxt - tp->snd_una);
	__u64 sent = about + (__s32)(sent_to - connection->first_sent - (__u32)about);

	volume->bytes_sent = sent - (fin_sent && sent ? 1 : 0);
	volume->bytes_received = received - ((fin_taken || locked) && received ? 1 : 0);
	measure_segments(volume, tp);
}

#endif
