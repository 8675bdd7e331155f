/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* SipHash-2-4 of one 64-bit word (Aumasson, Bernstein: SipHash, a fast short-input PRF, 2012). */
#ifndef WEIR_SIPHASH_BPF_H
#define WEIR_SIPHASH_BPF_H

#include <linux/types.h>

#define ROTATE_LEFT(x, bits) (((x) << (bits)) | ((x) >> (64 - (bits))))

#define SIP_ROUND(v0, v1, v2, v3)		\
	do {					\
		v0 += v1;			\
		v1 = ROTATE_LEFT(v1, 13);	\
		v1 ^= v0;			\
		v0 = ROTATE_LEFT(v0, 32);	\
		v2 += v3;			\
		v3 = ROTATE_LEFT(v3, 16);	\
		v3 ^= v2;			\
		v0 += v3;			\
		v3 = ROTATE_LEFT(v3, 21);	\
		v3 ^= v0;			\
		v2 += v1;			\
		v1 = ROTATE_LEFT(v1, 17);	\
		v1 ^= v2;			\
		v2 = ROTATE_LEFT(v2, 32);	\
	} while (0)

static __always_inline __u64 siphash_word(__u64 key0, __u64 key1, __u64 word)
{
	__u64 v0 = key0 ^ 0x736f6d6570736575ULL;
	__u64 v1 = key1 ^ 0x646f72616e646f6dULL;
	__u64 v2 = key0 ^ 0x6c7967656e657261ULL;
	__u64 v3 = key1 ^ 0x7465646279746573ULL;
	const __u64 length = 8ULL << 56;

	v3 ^= word;
	SIP_ROUND(v0, v1, v2, v3);
	SIP_ROUND(v0, v1, v2, v3);
	v0 ^= word;

	v3 ^= length;
	SIP_ROUND(v0, v1, v2, v3);
	SIP_ROUND(v0, v1, v2, v3);
	v0 ^= length;

	v2 ^= 0xff;
	SIP_ROUND(v0, v1, v2, v3);
	SIP_ROUND(v0, v1, v2, v3);
	SIP_ROUND(v0, v1, v2, v3);
	SIP_ROUND(v0, v1, v2, v3);
	return v0 ^ v1 ^ v2 ^ v3;
}

#endif
