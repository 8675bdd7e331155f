/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Which captures want this socket: a walk up from its cgroup until one is listed. */
#ifndef WEIR_SELECT_BPF_H
#define WEIR_SELECT_BPF_H

#include "kernel.h"
#include "maps.bpf.h"

#define MAX_CGROUP_DEPTH 16

struct selected {
	__u32 set;
	__u32 generation;
};

static __always_inline __u32 selection_generation(void)
{
	__u32 zero = 0;
	struct selection_control *control = bpf_map_lookup_elem(&selection_control, &zero);

	return control ? control->generation : 0;
}

/* The set that holds now for this socket; a listed cgroup answers for everything below it, the nearest one wins. */
static __always_inline struct selected select_captures(const struct sock *sk)
{
	struct selected answer = { .set = SET_NONE };
	__u32 zero = 0;
	struct selection_control *control = bpf_map_lookup_elem(&selection_control, &zero);

	if (!control)
		return answer;
	answer.generation = control->generation;
	answer.set = control->default_set;
	if (!control->listed)
		return answer;

	struct cgroup *cgroup = sk->sk_cgrp_data.cgroup;

	for (int depth = 0; depth < MAX_CGROUP_DEPTH && cgroup; depth++) {
		__u64 id = cgroup->kn->id;
		__u32 *set = bpf_map_lookup_elem(&selection, &id);

		if (set) {
			answer.set = *set;
			return answer;
		}
		struct cgroup_subsys_state *parent = cgroup->self.parent;

		if (!parent)
			break;
		cgroup = parent->cgroup;
	}
	return answer;
}

#endif
