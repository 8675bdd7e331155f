/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Never loaded: gives every type of the wire contract a place in BTF, from which the agent's offsets are generated. */
#include <linux/types.h>
#include "flow.h"

struct tcp_flow tcp_flow;
struct ledger_entry ledger_entry;
struct node_counters node_counters;
struct selection_control selection_control;
struct set_policy set_policy;
struct peer_list peer_list;
struct peer_key peer_key;
struct pass_control pass_control;
struct lease lease;
struct program_config program_config;
enum record_type record_type;
enum role role;
enum tcp_flag tcp_flag;
enum set set;
enum peer_kind peer_kind;
enum unmeasured unmeasured;
