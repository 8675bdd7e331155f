/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Whether anybody wants a connection whose pod is selected: by who opened it, by its far side, and by sampling. Who nobody
 * wants is counted once and then costs nothing: it is not tracked.
 */
#ifndef WEIR_WANT_BPF_H
#define WEIR_WANT_BPF_H

#include "account.bpf.h"
#include "flow_id.bpf.h"
#include "peers.bpf.h"

enum want {
	WANTED,
	UNWANTED_DIRECTION,
	UNWANTED_PEER,
	SAMPLED_OUT,
};

static __always_inline enum want want_direction(const struct set_policy *policy, __u8 role)
{
	return policy->role && policy->role != role ? UNWANTED_DIRECTION : WANTED;
}

static __always_inline enum want want_ends(const struct set_policy *policy, const struct sock *sk, __u8 role)
{
	if (want_direction(policy, role) != WANTED)
		return UNWANTED_DIRECTION;
	return is_peer_included(policy->peers, sk, role) ? WANTED : UNWANTED_PEER;
}

static __always_inline enum want want_sample(const struct set_policy *policy, __u32 sample)
{
	return policy->sampled_below && sample >= policy->sampled_below ? SAMPLED_OUT : WANTED;
}

/* What can be said when it opens: its flow id will decide about sampling. */
static __always_inline enum want want_opening(__u32 set, const struct sock *sk, __u8 role)
{
	struct set_policy *policy = policy_of(set);

	return policy ? want_ends(policy, sk, role) : WANTED;
}

/* What is left to be said of one that was wanted when it opened. */
static __always_inline enum want want_on(__u32 set, __u8 role, __u32 sample)
{
	struct set_policy *policy = policy_of(set);

	if (!policy)
		return WANTED;
	return want_direction(policy, role) == WANTED ? want_sample(policy, sample) : UNWANTED_DIRECTION;
}

static __always_inline enum want want(__u32 set, const struct sock *sk, __u8 role, __u32 sample)
{
	struct set_policy *policy = policy_of(set);

	if (!policy)
		return WANTED;
	enum want ends = want_ends(policy, sk, role);

	return ends == WANTED ? want_sample(policy, sample) : ends;
}

static __always_inline void count_unwanted(__u32 set, enum want why)
{
	struct ledger_entry *entry = ledger_of(set);

	if (!entry)
		return;
	count_one(&entry->observed);
	if (why == UNWANTED_DIRECTION)
		count_one(&entry->filtered_direction);
	else
		count_one(why == UNWANTED_PEER ? &entry->filtered_peer : &entry->sampled_out);
}

#endif
