/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Whether a list of far sides includes this one, by its address as the socket has it and by the server's port. */
#ifndef WEIR_PEERS_BPF_H
#define WEIR_PEERS_BPF_H

#include <stdbool.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "kernel.h"
#include "maps.bpf.h"

/* Bits of a peer_key that always count: list and kind. */
#define PEER_KEY_FIXED_BITS 64

static __always_inline __u64 peer_rules(struct peer_key *key, enum peer_kind kind, __u32 bits, __u64 otherwise)
{
	key->prefix_length = PEER_KEY_FIXED_BITS + bits;
	key->kind = kind;
	__u64 *mask = bpf_map_lookup_elem(&peer_masks, key);

	return mask ? *mask : otherwise;
}

static __always_inline __u64 peer_rules_by_address(struct peer_key *key, const struct sock *sk, __u64 otherwise)
{
	__u32 address[4] = {};

	if (sk->__sk_common.skc_family == AF_INET) {
		*(__be32 *)key->value = sk->__sk_common.skc_daddr;
		return peer_rules(key, PEER_KIND_IPV4, 32, otherwise);
	}
	BPF_CORE_READ_INTO(&address, sk, __sk_common.skc_v6_daddr);
	if (!address[0] && !address[1] && address[2] == bpf_htonl(0xffff)) {
		*(__be32 *)key->value = address[3];
		return peer_rules(key, PEER_KIND_IPV4, 32, otherwise);
	}
	__builtin_memcpy(key->value, address, sizeof(address));
	return peer_rules(key, PEER_KIND_IPV6, 128, otherwise);
}

/* Of a role that is not known as of one that opens, as everywhere. */
static __always_inline __be16 server_port(const struct sock *sk, __u8 role)
{
	struct tcp_sock *tp = role == ROLE_PASSIVE ? bpf_skc_to_tcp_sock((void *)sk) : NULL;

	return tp ? tp->inet_conn.icsk_inet.inet_sport : sk->__sk_common.skc_dport;
}

/* Also where the labels of the far side decide: user space knows them. */
static __always_inline bool is_peer_included(__u32 id, const struct sock *sk, __u8 role)
{
	struct peer_list *list = id ? bpf_map_lookup_elem(&peer_lists, &id) : NULL;

	if (!list)
		return true;
	struct peer_key key = { .list = id };
	__u64 rules = peer_rules_by_address(&key, sk, list->any_address);

	*(__be16 *)key.value = server_port(sk, role);
	rules &= peer_rules(&key, PEER_KIND_PORT, 16, list->any_port);
	if (!rules)
		return list->included_otherwise;
	__u64 first = rules & -rules;

	return first & (list->included | list->by_label);
}

#endif
