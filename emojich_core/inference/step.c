/* A decoding step on a CPU with AVX-512 VNNI, in int8: see kernels.py.

A row's result depends on that row alone, to the last bit: integer sums are exact, and sums of
floats have an order that neither the number of rows nor that of threads changes.

Functions with `omp for` are called by all threads of a team, which wait for each other at its end. */

#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    LANES = 16,   /* of a register: numbers of 32 bits */
    OUTPUTS = 32, /* of a block of weights: two registers, so that each digit is loaded for both */
    TILE = 4,     /* rows: the sums of both their digits and a block fill half of the registers */
    AHEAD = 8192, /* bytes; memory answers while as many are computed */
    SPLIT = 2,    /* stretches of weights that a thread reads of each matrix */
    BASE = 254,
    LARGEST = 127,
    ZERO = 128, /* what a weight's byte exceeds the weight by */
};

struct norm {
    const float *weight, *bias;
};

struct linear {
    const uint8_t *weight; /* as kernels.pack() lays it out */
    const float *scale, *bias;
    long inputs, outputs;
};

/* Rows as digits: tiles of (inputs / 4, rows of the tile, 2 digits, 4 inputs). */
struct digits {
    int8_t *tiles;
    float *scale;        /* (rows) */
    int32_t (*shift)[2]; /* (rows): what ZERO adds to the sums of high and of low digits */
};

int omp_get_num_threads(void);

static long smaller(long a, long b) { return a < b ? a : b; }

static size_t digits_size(long rows, long inputs) { return rows * (12 + 2 * inputs); }

static struct digits digits_in(void *memory, long rows)
{
    float *scale = memory;
    int32_t(*shift)[2] = (void *)(scale + rows);
    return (struct digits){(void *)(shift + rows), scale, shift};
}

/* exp(x), within 1e38 and 1e-38, in operations that vectorize: 2^n times a Taylor series. */
static inline float exponential(float x)
{
    float t = (x < -87 ? -87 : x > 87 ? 87 : x) * 1.44269504f, n = nearbyintf(t);
    float f = (t - n) * 0.69314718f;
    uint32_t bits = (uint32_t)((int32_t)n + 127) << 23;
    float power;
    memcpy(&power, &bits, 4);
    return power * (1 + f * (1 + f * (1 / 2.f + f * (1 / 6.f + f * (1 / 24.f
                   + f * (1 / 120.f + f * (1 / 720.f)))))));
}

/* GELU with tanh: 1 + tanh(u) = 2 / (1 + exp(-2 u)). */
static void gelu(float *x, long size)
{
#pragma omp simd
    for (long i = 0; i < size; i++)
        x[i] /= 1 + exponential(-1.5957691216f * (x[i] + 0.044715f * x[i] * x[i] * x[i]));
}

/* The layer norm of a row; `out` may be `x`. */
static void normalize(struct norm norm, const float *x, long size, float *out)
{
    float sum = 0, squares = 0;
#pragma omp simd reduction(+ : sum)
    for (long i = 0; i < size; i++)
        sum += x[i];
    float mean = sum / size;
#pragma omp simd reduction(+ : squares)
    for (long i = 0; i < size; i++)
        squares += (x[i] - mean) * (x[i] - mean);
    float scale = 1 / sqrtf(squares / size + 1e-5f);
#pragma omp simd
    for (long i = 0; i < size; i++)
        out[i] = (x[i] - mean) * scale * norm.weight[i] + norm.bias[i];
}

/* Row `r` of `rows` becomes digits: x = scale * (high + low / BASE). */
static void round_row(const float *x, long r, long rows, long inputs, struct digits to)
{
    long first = r / TILE * TILE, stride = 8 * smaller(TILE, rows - first);
    int8_t *digits = to.tiles + 2 * first * inputs + 8 * (r - first);
    float largest = 1e-30f, nan = 0;
#pragma omp simd reduction(max : largest) reduction(+ : nan)
    for (long i = 0; i < inputs; i++) {
        float size = fabsf(x[i]);
        largest = size > largest ? size : largest;
        nan += x[i] * 0; /* a maximum drops NaN */
    }
    float unit = largest / LARGEST;
    __m512i highs = _mm512_setzero_si512(), lows = highs;
    for (long i = 0; i < inputs; i += 16) {
        long quads = smaller(16, inputs - i) / 4;
        __mmask16 inside = (1 << 4 * quads) - 1;
        __m512 scaled = _mm512_div_ps(_mm512_maskz_loadu_ps(inside, x + i), _mm512_set1_ps(unit));
        __m512i high = _mm512_cvtps_epi32(scaled);
        __m512 rest = _mm512_sub_ps(scaled, _mm512_cvtepi32_ps(high));
        __m512i low = _mm512_cvtps_epi32(_mm512_mul_ps(rest, _mm512_set1_ps(BASE)));
        highs = _mm512_add_epi32(highs, high);
        lows = _mm512_add_epi32(lows, low);
        __m128i four_high = _mm512_cvtepi32_epi8(high), four_low = _mm512_cvtepi32_epi8(low);
        __m128i pairs[2] = {_mm_unpacklo_epi32(four_high, four_low),
                            _mm_unpackhi_epi32(four_high, four_low)};
        for (long j = 0; j < quads; j++)
            memcpy(digits + (i / 4 + j) * stride, (char *)pairs + 8 * j, 8);
    }
    to.scale[r] = unit + nan;
    to.shift[r][0] = ZERO * _mm512_reduce_add_epi32(highs);
    to.shift[r][1] = ZERO * _mm512_reduce_add_epi32(lows);
}

/* Sums of `rows` rows, of high and low digits in turn, with both halves of a block of weights.

Meanwhile memory fetches from `next` on, `pace` bytes for each four inputs. */
static inline __attribute__((always_inline)) void multiply(
    const uint8_t *weight, const int8_t *digits, long quads, int rows, const uint8_t *next,
    long pace, __m512i (*sums)[2])
{
    __m512i left[2 * TILE], right[2 * TILE];
    for (int r = 0; r < 2 * rows; r++)
        left[r] = right[r] = _mm512_setzero_si512();
    for (long i = 0; i < quads; i++) {
        __m512i four = _mm512_loadu_si512(weight + 128 * i);
        __m512i others = _mm512_loadu_si512(weight + 128 * i + 64);
        _mm_prefetch((const char *)next + pace * i, _MM_HINT_T0);
        _mm_prefetch((const char *)next + pace * i + 64, _MM_HINT_T0);
        const int32_t *quad = (const int32_t *)(digits + 8 * rows * i);
#pragma GCC unroll 16
        for (int r = 0; r < 2 * rows; r++) {
            __m512i digit = _mm512_set1_epi32(quad[r]);
            left[r] = _mm512_dpbusd_epi32(left[r], four, digit);
            right[r] = _mm512_dpbusd_epi32(right[r], others, digit);
        }
    }
    for (int r = 0; r < 2 * rows; r++) {
        sums[r][0] = left[r];
        sums[r][1] = right[r];
    }
}

/* Digits (rows, inputs) → out (rows, outputs). */
static void product(struct linear linear, struct digits digits, long rows, float *out)
{
    long inputs = linear.inputs, outputs = linear.outputs, quads = inputs / 4;
    long blocks = (outputs + OUTPUTS - 1) / OUTPUTS, threads = omp_get_num_threads();
    /* A thread reads long stretches, because each new one begins slowly; but not all of its share
    at once, because another program may hold one thread up. */
    long stretch = (blocks + SPLIT * threads - 1) / (SPLIT * threads);
#pragma omp for schedule(dynamic, stretch)
    for (long n = 0; n < outputs; n += OUTPUTS) {
        const uint8_t *block = linear.weight + n * inputs;
        for (long first = 0; first < rows; first += TILE) {
            const int8_t *tile = digits.tiles + 2 * first * inputs;
            long many = smaller(TILE, rows - first), pace = rows <= TILE ? 128 : 64;
            /* Of several tiles each of the first two fetches half of the next block. */
            const uint8_t *next = rows <= TILE ? block + AHEAD
                                : block + (first ? 3 : 2) * (OUTPUTS / 2) * inputs;
            __m512i sums[2 * TILE][2];
            switch (many) { /* a constant number of rows keeps sums in registers */
            case 1: multiply(block, tile, quads, 1, next, pace, sums); break;
            case 2: multiply(block, tile, quads, 2, next, pace, sums); break;
            case 3: multiply(block, tile, quads, 3, next, pace, sums); break;
            case 4: multiply(block, tile, quads, 4, next, pace, sums); break;
            }
            for (long half = 0; half < 2; half++) {
                long o = n + half * LANES;
                __mmask16 inside = (1 << smaller(LANES, outputs > o ? outputs - o : 0)) - 1;
                __m512 scales = _mm512_maskz_loadu_ps(inside, linear.scale + o);
                __m512 biases = _mm512_maskz_loadu_ps(inside, linear.bias + o);
                for (long i = 0; i < many; i++) {
                    long r = first + i;
                    __m512i high = _mm512_sub_epi32(sums[2 * i][half],
                                                    _mm512_set1_epi32(digits.shift[r][0]));
                    __m512i low = _mm512_sub_epi32(sums[2 * i + 1][half],
                                                   _mm512_set1_epi32(digits.shift[r][1]));
                    __m512 sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(low),
                                                 _mm512_set1_ps(1.0f / BASE),
                                                 _mm512_cvtepi32_ps(high));
                    sum = _mm512_mul_ps(sum, scales);
                    sum = _mm512_fmadd_ps(sum, _mm512_set1_ps(digits.scale[r]), biases);
                    _mm512_mask_storeu_ps(out + r * outputs + o, inside, sum);
                }
            }
        }
    }
}

/* x (rows, inputs) → out (rows, outputs).  Returns 0 if memory runs out. */
int apply(const struct linear *linear, const float *x, long rows, float *out)
{
    void *memory = malloc(digits_size(rows, linear->inputs));
    if (!memory)
        return 0;
    struct digits digits = digits_in(memory, rows);
#pragma omp parallel
    {
#pragma omp for
        for (long r = 0; r < rows; r++)
            round_row(x + r * linear->inputs, r, rows, linear->inputs, digits);
        product(*linear, digits, rows, out);
    }
    free(memory);
    return 1;
}

static inline float widen(uint16_t x)
{
    uint32_t bits = (uint32_t)x << 16;
    float wide;
    memcpy(&wide, &bits, 4);
    return wide;
}

/* Written out, in two fifths of the time of the loop that the compiler makes.  Loads under a mask
would take twice as long, because `x` lies across cache lines. */
static inline float dot(const float *x, const uint16_t *y, long size)
{
    __m512 sum = _mm512_setzero_ps();
    long i = 0;
    for (; i + 16 <= size; i += 16) {
        __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)(y + i)));
        __m512 other = _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
        sum = _mm512_fmadd_ps(other, _mm512_loadu_ps(x + i), sum);
    }
    float all = _mm512_reduce_add_ps(sum);
    for (; i < size; i++)
        all += x[i] * widen(y[i]);
    return all;
}

static inline uint16_t narrow(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, 4);
    return x != x ? 0x7fc0 : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

/* Where sequences find keys and values, which lie in bfloat16: (sequences, size, hidden) each. */
struct cache {
    uint16_t *keys, *values;
    const int64_t *write;  /* (sequences): the place of the new key, counted across sequences */
    const int64_t *read;   /* (sequences, seen): the places to read, also; NULL: all `size` */
    const uint16_t *bias;  /* (sequences, seen): 0, or -inf where the mask hides the place */
    long size, seen;
};

static inline void fetch(const uint16_t *x, long size)
{
    for (long i = 0; i < size; i += 32)
        _mm_prefetch((const char *)(x + i), _MM_HINT_T0);
}

/* Attention of one position of each sequence: qkv (sequences, 3, hidden) → out (sequences, hidden).

A work item is a `group` of a sequence's heads: it writes and reads the same part of each place.
The groups are as large as the threads allow: longer parts are read faster. */
static void attend(const float *qkv, struct cache cache, long sequences, long heads, long hidden,
                   float *out)
{
    long group = heads, width = hidden / heads, seen = cache.seen;
    while (group % 2 == 0 && sequences * heads / group < omp_get_num_threads())
        group /= 2;
    long span = group * width;
    long ahead = 1 + AHEAD / 2 / span; /* places, which lie too far apart for the CPU to foresee */
    float unit = 1 / sqrtf(width), scores[group * seen];
    int64_t places[seen];
#pragma omp for collapse(2)
    for (long s = 0; s < sequences; s++)
        for (long first = 0; first < hidden; first += span) {
            const float *query = qkv + 3 * s * hidden + first;
            uint16_t *keys = cache.keys + first, *values = cache.values + first;
            for (long i = 0; i < span; i++) {
                keys[cache.write[s] * hidden + i] = narrow(query[hidden + i]);
                values[cache.write[s] * hidden + i] = narrow(query[2 * hidden + i]);
            }
            long count = 0;
            for (long p = s * seen; p < (s + 1) * seen; p++)
                if (!cache.bias[p])
                    places[count++] = cache.read ? cache.read[p] : s * (cache.size - seen) + p;
            for (long p = 0; p < count; p++) {
                long later = p + ahead;
                const uint16_t *next =
                    later < count ? keys + places[later] * hidden
                                  : values + places[smaller(later - count, count - 1)] * hidden;
                for (long h = 0; h < group; h++) {
                    fetch(next + h * width, width);
                    const uint16_t *k = keys + places[p] * hidden + h * width;
                    const float *q = query + h * width;
                    scores[h * seen + p] = dot(q, k, width) * unit;
                }
            }
            for (long h = 0; h < group; h++) {
                float *score = scores + h * seen, largest = -INFINITY, sum = 0;
#pragma omp simd reduction(max : largest)
                for (long p = 0; p < count; p++)
                    largest = score[p] > largest ? score[p] : largest;
#pragma omp simd reduction(+ : sum)
                for (long p = 0; p < count; p++)
                    sum += score[p] = exponential(score[p] - largest);
                for (long p = 0; p < count; p++)
                    score[p] /= sum;
            }
            float *merged = out + s * hidden + first;
            memset(merged, 0, span * sizeof *merged);
            for (long p = 0; p < count; p++) {
                const uint16_t *next = values + places[smaller(p + ahead, count - 1)] * hidden;
                for (long h = 0; h < group; h++) {
                    fetch(next + h * width, width);
                    const uint16_t *v = values + places[p] * hidden + h * width;
                    float weight = scores[h * seen + p], *o = merged + h * width;
#pragma omp simd
                    for (long i = 0; i < width; i++)
                        o[i] += weight * widen(v[i]);
                }
            }
        }
}

struct layer {
    struct norm input, first_addition, post_attention, second_addition;
    struct linear query_key_value, dense, h_to_4h, four_h_to_h;
    long heads;
};

/* `Layer.step`: x (rows, hidden) becomes the layer's output.  Returns 0 if memory runs out. */
int step(const struct layer *layer, struct cache cache, long rows, float *x)
{
    long hidden = layer->dense.inputs, inner = layer->h_to_4h.outputs;
    float *wide = malloc(rows * (inner + hidden) * sizeof *wide + digits_size(rows, inner));
    if (!wide)
        return 0;
    float *out = wide + rows * inner;
    struct digits digits = digits_in(out + rows * hidden, rows);
#pragma omp parallel
    {
#pragma omp for
        for (long r = 0; r < rows; r++) {
            normalize(layer->input, x + r * hidden, hidden, out + r * hidden);
            round_row(out + r * hidden, r, rows, hidden, digits);
        }
        product(layer->query_key_value, digits, rows, wide);
        attend(wide, cache, rows, layer->heads, hidden, out);
#pragma omp for
        for (long r = 0; r < rows; r++)
            round_row(out + r * hidden, r, rows, hidden, digits);
        product(layer->dense, digits, rows, out);
#pragma omp for
        for (long r = 0; r < rows; r++) {
            float *attended = out + r * hidden, *residual = x + r * hidden;
            for (long i = 0; i < hidden; i++) /* within what float16 holds */
                attended[i] = attended[i] < -65504 ? -65504 : attended[i] > 65504 ? 65504 : attended[i];
            normalize(layer->first_addition, attended, hidden, attended);
            for (long i = 0; i < hidden; i++)
                residual[i] += attended[i];
            normalize(layer->post_attention, residual, hidden, attended);
            round_row(attended, r, rows, hidden, digits);
        }
        product(layer->h_to_4h, digits, rows, wide);
#pragma omp for
        for (long r = 0; r < rows; r++) {
            gelu(wide + r * inner, inner);
            round_row(wide + r * inner, r, rows, inner, digits);
        }
        product(layer->four_h_to_h, digits, rows, out);
#pragma omp for
        for (long r = 0; r < rows; r++) {
            float *fed = out + r * hidden, *residual = x + r * hidden;
            normalize(layer->second_addition, fed, hidden, fed);
            for (long i = 0; i < hidden; i++)
                residual[i] += fed[i];
        }
    }
    free(wide);
    return 1;
}
