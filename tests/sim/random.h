/*
 * Seeded chance for the simulator: xoshiro256++ (Blackman, Vigna 2019), its state filled by splitmix64. One generator
 * for each stream of numbers, so that a change of policy changes no arrival, no service and no patience.
 * Floating point is allowed here and only here: the engine under test has none.
 */
#ifndef TESTS_SIM_RANDOM_H
#define TESTS_SIM_RANDOM_H

#include <math.h>
#include <stdint.h>

struct chance {
	uint64_t s[4];
};

static inline uint64_t chance_split(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* Streams of one seed are told apart by a number. */
static inline struct chance chance_new(uint64_t seed, uint64_t stream)
{
	uint64_t mix = stream, state = seed ^ chance_split(&mix);
	struct chance c;

	for (int i = 0; i < 4; i++)
		c.s[i] = chance_split(&state);
	return c;
}

static inline uint64_t chance_rotate(uint64_t x, int by)
{
	return (x << by) | (x >> (64 - by));
}

static inline uint64_t chance_next(struct chance *c)
{
	uint64_t *s = c->s, result = chance_rotate(s[0] + s[3], 23) + s[0], t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = chance_rotate(s[3], 45);
	return result;
}

/* Exponential with mean 1, by the inverse of its distribution; the argument of log is in (0, 1]. */
static inline double chance_exponential(struct chance *c)
{
	return -log((double)((chance_next(c) >> 11) + 1) * 0x1p-53);
}

#endif
