/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Included before everything when the core is built for crowd-fibers.c: each atomic access is a place where another host
 * may come in between, after what is read and before what is written.
 */
#ifndef RACE_H
#define RACE_H

#include <stdatomic.h>

void race_point(void);

#undef atomic_load
#define atomic_load(from)                                                                                              \
	__extension__({                                                                                                \
		__auto_type loaded_ = atomic_load_explicit((from), memory_order_seq_cst);                              \
		race_point();                                                                                          \
		loaded_;                                                                                               \
	})
#undef atomic_store
#define atomic_store(to, value) (race_point(), atomic_store_explicit((to), (value), memory_order_seq_cst))
#undef atomic_fetch_or
#define atomic_fetch_or(to, value) (race_point(), atomic_fetch_or_explicit((to), (value), memory_order_seq_cst))
#undef atomic_fetch_and
#define atomic_fetch_and(to, value) (race_point(), atomic_fetch_and_explicit((to), (value), memory_order_seq_cst))
#undef atomic_fetch_add
#define atomic_fetch_add(to, value) (race_point(), atomic_fetch_add_explicit((to), (value), memory_order_seq_cst))
#undef atomic_compare_exchange_strong
#define atomic_compare_exchange_strong(to, expected, value)                                                            \
	(race_point(), atomic_compare_exchange_strong_explicit((to), (expected), (value), memory_order_seq_cst,        \
							       memory_order_seq_cst))
#undef atomic_compare_exchange_weak
#define atomic_compare_exchange_weak(to, expected, value)                                                              \
	(race_point(),                                                                                                 \
	 atomic_compare_exchange_weak_explicit((to), (expected), (value), memory_order_seq_cst, memory_order_seq_cst))

#endif
