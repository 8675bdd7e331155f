/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* A connection's name, the same on both ends through any NAT: a keyed hash of its two initial sequence numbers. */
#ifndef WEIR_FLOW_ID_BPF_H
#define WEIR_FLOW_ID_BPF_H

#include <stdbool.h>
#include "config.bpf.h"
#include "kernel.h"
#include "siphash.bpf.h"

/*
 * Who opened, seen by the sequence numbers alone. The SYN of an active opener is in bytes_acked, a SYN-ACK is not, so
 * the two roles differ by one against the sequence number at which the payload began. A simultaneous open has both ends
 * active.
 */
static __always_inline __u8 role_by_sequence(struct tcp_sock *tp, bool fin_sent)
{
	__u32 own_isn = tp->snd_nxt - 1 - (__u32)(tp->bytes_sent - tp->bytes_retrans) - (fin_sent ? 1 : 0);
	__u32 first_acked = tp->snd_una - (__u32)tp->bytes_acked;

	if (own_isn == first_acked)
		return ROLE_ACTIVE;
	if (own_isn == first_acked - 1)
		return ROLE_PASSIVE;
	return ROLE_UNKNOWN;
}

/* Raw sequence numbers help to inject into a live connection: only their hash leaves this function. Never 0. */
static __always_inline __u64 flow_id(struct tcp_sock *tp, __u8 role)
{
	__u32 own = tp->snd_una - (__u32)tp->bytes_acked - (role == ROLE_PASSIVE ? 1 : 0);
	__u32 peer = tp->rcv_nxt - (__u32)tp->bytes_received - 1;
	__u64 low = own < peer ? own : peer;
	__u64 high = own < peer ? peer : own;
	__u64 id = siphash_word(config.flow_id_key[0], config.flow_id_key[1], low | high << 32);

	return id ? id : 1;
}

/* What sampling goes by: nested, and the same on both ends wherever they know of each other. */
static __always_inline __u32 sample_of(__u64 id)
{
	return id >> 32;
}

/* In place of sample_of where there is no flow id: nobody else has to come to the same. */
static __always_inline __u32 sample_of_own(struct tcp_sock *tp)
{
	__u32 own = tp->snd_una - (__u32)tp->bytes_acked;

	return siphash_word(config.flow_id_key[0], config.flow_id_key[1], own) >> 32;
}

#endif
