/* The digests of a string, as lower-case hexadecimal digits: md5 (RFC 1321), sha1, sha256 and sha512 (FIPS 180-4).  For
 * what a job file wants to name; nothing is protected by them. */
#include "base/mem.h"
#include "task/function.h"

#include <stdint.h>
#include <string.h>

/* clang-format off */
/* The cube roots of the first 80 primes, 64 bits of their fractions; sha256 takes the upper halves of the first 64. */
static const uint64_t cube_roots[80] = {
	0x428a2f98d728ae22ULL, 0x7137449123ef65cdULL, 0xb5c0fbcfec4d3b2fULL, 0xe9b5dba58189dbbcULL,
	0x3956c25bf348b538ULL, 0x59f111f1b605d019ULL, 0x923f82a4af194f9bULL, 0xab1c5ed5da6d8118ULL,
	0xd807aa98a3030242ULL, 0x12835b0145706fbeULL, 0x243185be4ee4b28cULL, 0x550c7dc3d5ffb4e2ULL,
	0x72be5d74f27b896fULL, 0x80deb1fe3b1696b1ULL, 0x9bdc06a725c71235ULL, 0xc19bf174cf692694ULL,
	0xe49b69c19ef14ad2ULL, 0xefbe4786384f25e3ULL, 0x0fc19dc68b8cd5b5ULL, 0x240ca1cc77ac9c65ULL,
	0x2de92c6f592b0275ULL, 0x4a7484aa6ea6e483ULL, 0x5cb0a9dcbd41fbd4ULL, 0x76f988da831153b5ULL,
	0x983e5152ee66dfabULL, 0xa831c66d2db43210ULL, 0xb00327c898fb213fULL, 0xbf597fc7beef0ee4ULL,
	0xc6e00bf33da88fc2ULL, 0xd5a79147930aa725ULL, 0x06ca6351e003826fULL, 0x142929670a0e6e70ULL,
	0x27b70a8546d22ffcULL, 0x2e1b21385c26c926ULL, 0x4d2c6dfc5ac42aedULL, 0x53380d139d95b3dfULL,
	0x650a73548baf63deULL, 0x766a0abb3c77b2a8ULL, 0x81c2c92e47edaee6ULL, 0x92722c851482353bULL,
	0xa2bfe8a14cf10364ULL, 0xa81a664bbc423001ULL, 0xc24b8b70d0f89791ULL, 0xc76c51a30654be30ULL,
	0xd192e819d6ef5218ULL, 0xd69906245565a910ULL, 0xf40e35855771202aULL, 0x106aa07032bbd1b8ULL,
	0x19a4c116b8d2d0c8ULL, 0x1e376c085141ab53ULL, 0x2748774cdf8eeb99ULL, 0x34b0bcb5e19b48a8ULL,
	0x391c0cb3c5c95a63ULL, 0x4ed8aa4ae3418acbULL, 0x5b9cca4f7763e373ULL, 0x682e6ff3d6b2b8a3ULL,
	0x748f82ee5defb2fcULL, 0x78a5636f43172f60ULL, 0x84c87814a1f0ab72ULL, 0x8cc702081a6439ecULL,
	0x90befffa23631e28ULL, 0xa4506cebde82bde9ULL, 0xbef9a3f7b2c67915ULL, 0xc67178f2e372532bULL,
	0xca273eceea26619cULL, 0xd186b8c721c0c207ULL, 0xeada7dd6cde0eb1eULL, 0xf57d4f7fee6ed178ULL,
	0x06f067aa72176fbaULL, 0x0a637dc5a2c898a6ULL, 0x113f9804bef90daeULL, 0x1b710b35131c471bULL,
	0x28db77f523047d84ULL, 0x32caab7b40c72493ULL, 0x3c9ebe0a15c9bebcULL, 0x431d67c49c100d4cULL,
	0x4cc5d4becb3e42b6ULL, 0x597f299cfc657e2aULL, 0x5fcb6fab3ad6faecULL, 0x6c44198c4a475817ULL,
};

/* The same of the square roots of the first 8: what sha256 (the upper halves) and sha512 begin with. */
static const uint64_t square_roots[8] = {
	0x6a09e667f3bcc908ULL, 0xbb67ae8584caa73bULL, 0x3c6ef372fe94f82bULL, 0xa54ff53a5f1d36f1ULL,
	0x510e527fade682d1ULL, 0x9b05688c2b3e6c1fULL, 0x1f83d9abfb41bd6bULL, 0x5be0cd19137e2179ULL,
};

/* 2^32 |sin(i + 1)| */
static const uint32_t sines[64] = {
	0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
	0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
	0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
	0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
	0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
	0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
	0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
	0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};
/* clang-format on */

static uint32_t left(uint32_t x, unsigned n) { return x << n | x >> (32 - n); }
static uint32_t right(uint32_t x, unsigned n) { return x >> n | x << (32 - n); }
static uint64_t right64(uint64_t x, unsigned n) { return x >> n | x << (64 - n); }

static uint64_t big_endian(const unsigned char *b, size_t bytes)
{
	uint64_t n = 0;
	for (size_t i = 0; i < bytes; i++)
		n = n << 8 | b[i];
	return n;
}

typedef void block_of(uint64_t *state, const unsigned char *block);

static void md5_block(uint64_t *h, const unsigned char *block)
{
	static const unsigned shifts[4][4] = {
		{ 7, 12, 17, 22 }, { 5, 9, 14, 20 }, { 4, 11, 16, 23 }, { 6, 10, 15, 21 }
	};
	uint32_t a = (uint32_t) h[0], b = (uint32_t) h[1], c = (uint32_t) h[2], d = (uint32_t) h[3];

	for (unsigned i = 0; i < 64; i++) {
		const uint32_t f[] = { (b & c) | (~b & d), (d & b) | (~d & c), b ^ c ^ d, c ^ (b | ~d) };
		const unsigned at[] = { i, (5 * i + 1) % 16, (3 * i + 5) % 16, 7 * i % 16 };
		const unsigned char *w = block + 4 * (at[i / 16] % 16);
		uint32_t word = w[0] | (uint32_t) w[1] << 8 | (uint32_t) w[2] << 16 | (uint32_t) w[3] << 24;
		uint32_t next = b + left(a + f[i / 16] + sines[i] + word, shifts[i / 16][i % 4]);
		a = d, d = c, c = b, b = next;
	}
	h[0] += a, h[1] += b, h[2] += c, h[3] += d;
}

static void sha1_block(uint64_t *h, const unsigned char *block)
{
	static const uint32_t k[] = { 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6 };
	uint32_t w[80] = { 0 }, a = (uint32_t) h[0], b = (uint32_t) h[1], c = (uint32_t) h[2], d = (uint32_t) h[3],
		 e = (uint32_t) h[4];

	for (int i = 0; i < 80; i++) {
		w[i] = i < 16 ? (uint32_t) big_endian(block + 4 * i, 4)
			      : left(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
		const uint32_t f[] = { (b & c) | (~b & d), b ^ c ^ d, (b & c) | (b & d) | (c & d), b ^ c ^ d };
		uint32_t next = left(a, 5) + f[i / 20] + e + k[i / 20] + w[i];
		e = d, d = c, c = left(b, 30), b = a, a = next;
	}
	h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
}

static void sha256_block(uint64_t *h, const unsigned char *block)
{
	uint32_t w[64] = { 0 }, s[8];

	for (int i = 0; i < 8; i++)
		s[i] = (uint32_t) h[i];
	for (int i = 0; i < 64; i++) {
		uint32_t x = i < 16 ? 0 : w[i - 15], y = i < 16 ? 0 : w[i - 2];
		w[i] = i < 16 ? (uint32_t) big_endian(block + 4 * i, 4)
			      : w[i - 16] + (right(x, 7) ^ right(x, 18) ^ x >> 3) + w[i - 7] +
					(right(y, 17) ^ right(y, 19) ^ y >> 10);
		uint32_t one = s[7] + (right(s[4], 6) ^ right(s[4], 11) ^ right(s[4], 25)) +
			       ((s[4] & s[5]) ^ (~s[4] & s[6])) + (uint32_t) (cube_roots[i] >> 32) + w[i];
		uint32_t two = (right(s[0], 2) ^ right(s[0], 13) ^ right(s[0], 22)) +
			       ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
		memmove(s + 1, s, 7 * sizeof *s);
		s[4] += one;
		s[0] = one + two;
	}
	for (int i = 0; i < 8; i++)
		h[i] += s[i];
}

static void sha512_block(uint64_t *h, const unsigned char *block)
{
	uint64_t w[80] = { 0 }, s[8];

	memcpy(s, h, sizeof s);
	for (int i = 0; i < 80; i++) {
		uint64_t x = i < 16 ? 0 : w[i - 15], y = i < 16 ? 0 : w[i - 2];
		w[i] = i < 16 ? big_endian(block + 8 * i, 8)
			      : w[i - 16] + (right64(x, 1) ^ right64(x, 8) ^ x >> 7) + w[i - 7] +
					(right64(y, 19) ^ right64(y, 61) ^ y >> 6);
		uint64_t one = s[7] + (right64(s[4], 14) ^ right64(s[4], 18) ^ right64(s[4], 41)) +
			       ((s[4] & s[5]) ^ (~s[4] & s[6])) + cube_roots[i] + w[i];
		uint64_t two = (right64(s[0], 28) ^ right64(s[0], 34) ^ right64(s[0], 39)) +
			       ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
		memmove(s + 1, s, 7 * sizeof *s);
		s[4] += one;
		s[0] = one + two;
	}
	for (int i = 0; i < 8; i++)
		h[i] += s[i];
}

/* block: bytes that are taken at once; the last one ends with the length in bits, in `block` / 8 bytes. */
struct digest {
	size_t block, words, word; /* bytes; words of the state, and the bytes of one */
	bool little_endian;
	block_of *take;
	uint64_t begin[8];
};

static const char *hexadecimal(const struct digest *d, const uint64_t *state)
{
	struct text t = { 0 };
	for (size_t i = 0; i < d->words * d->word; i++) {
		size_t at = i % d->word, shift = 8 * (d->little_endian ? at : d->word - 1 - at);
		text_printf(&t, "%02x", (unsigned) (state[i / d->word] >> shift & 0xff));
	}
	return t.at;
}

static struct value *digest(const struct call *c, const struct digest *d)
{
	const char *s = c->args[0]->string;
	size_t length = strlen(s), whole = length / d->block * d->block, rest = length - whole, last = d->block;
	unsigned char end[256] = { 0 };
	uint64_t state[8];

	spend(c->s->world, c->e->at, length / 16);
	memcpy(state, d->begin, sizeof state);
	for (size_t i = 0; i < whole; i += d->block)
		d->take(state, (const unsigned char *) s + i);
	memcpy(end, s + whole, rest);
	end[rest] = 0x80;
	if (rest + 1 + d->block / 8 > d->block)
		last = 2 * d->block;
	for (size_t i = 0; i < 8; i++)
		end[d->little_endian ? last - 8 + i : last - 1 - i] = (unsigned char) ((uint64_t) length * 8 >> 8 * i);
	for (size_t i = 0; i < last; i += d->block)
		d->take(state, end + i);
	return value_string(c->e->at, hexadecimal(d, state));
}

struct value *digest_md5(const struct call *c)
{
	return digest(
		c, &(struct digest){ 64, 4, 4, true, md5_block, { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 } });
}

struct value *digest_sha1(const struct call *c)
{
	return digest(
		c,
		&(struct digest){
			64, 5, 4, false, sha1_block, { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 } });
}

struct value *digest_sha256(const struct call *c)
{
	struct digest d = { 64, 8, 4, false, sha256_block, { 0 } };
	for (int i = 0; i < 8; i++)
		d.begin[i] = square_roots[i] >> 32;
	return digest(c, &d);
}

struct value *digest_sha512(const struct call *c)
{
	struct digest d = { 128, 8, 8, false, sha512_block, { 0 } };
	memcpy(d.begin, square_roots, sizeof d.begin);
	return digest(c, &d);
}
