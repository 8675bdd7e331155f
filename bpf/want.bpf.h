/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * Whether anybody wants a connection whose pod is selected: by who opened it, and by sampling. Who nobody wants is counted
 * once and then costs nothing: it is not tracked.
 */
#ifndef WEIR_WANT_BPF_H
#define WEIR_WANT_BPF_H

#include "account.bpf.h"
#include "flow_id.bpf.h"

enum want {
	WANTED,
	UNWANTED_DIRECTION,
	SAMPLED_OUT,
};

static __always_inline enum want want_direction(__u32 set, __u8 role)
{
	struct set_policy *policy = policy_of(set);

	return policy && policy->role && policy->role != role ? UNWANTED_DIRECTION : WANTED;
}

static __always_inline enum want want(__u32 set, __u8 role, __u32 sample)
{
	struct set_policy *policy = policy_of(set);

	if (!policy)
		return WANTED;
	if (policy->role && policy->role != role)
		return UNWANTED_DIRECTION;
	return policy->sampled_below && sample >= policy->sampled_below ? SAMPLED_OUT : WANTED;
}

static __always_inline void count_unwanted(__u32 set, enum want why)
{
	struct ledger_entry *entry = ledger_of(set);

	if (!entry)
		return;
	count_one(&entry->observed);
	count_one(why == SAMPLED_OUT ? &entry->sampled_out : &entry->filtered_direction);
}

#endif
