/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* Every knob. One struct, so that the agent writes it in one piece at the start of .rodata. */
#ifndef WEIR_CONFIG_BPF_H
#define WEIR_CONFIG_BPF_H

#include "flow.h"

const volatile struct program_config config = {};

#endif
