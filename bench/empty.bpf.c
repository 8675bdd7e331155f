/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Does nothing on the hook of tcp.bpf.c: what the hook and the kernel's own statistics cost. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tp_btf/inet_sock_set_state")
int empty(void *context)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
