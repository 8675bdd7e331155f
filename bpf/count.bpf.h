/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
#ifndef WEIR_COUNT_BPF_H
#define WEIR_COUNT_BPF_H

#include <linux/types.h>

/* Atomic though the counter is this CPU's own: tcp_by_packet may interrupt tcp_by_process between load and store. */
static __always_inline void count_one(__u64 *counter)
{
	__sync_fetch_and_add(counter, 1);
}

#endif
