/* A dense block of Real-ESRGAN on a CPU with AVX-512 VNNI, in int8: see int8_upscaler.py.

A result depends on the picture alone, to the last bit: integer sums are exact, and each becomes a
float by itself.

Functions with `omp for` are called by all threads of a team, which wait for each other at its end. */

#include <immintrin.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    LANES = 16,   /* of a register: numbers of 32 bits */
    OUTPUTS = 32, /* of a block of weights: two registers */
    PIXELS = 12,  /* side by side: their sums and a block of weights fill the registers */
    CONVS = 5,
    PUBLISHED = 192, /* bytes of a pixel: 64 channels, and 32 of each of the first four outputs */
    LARGEST = 255,   /* of a byte */
};

static const float SLOPE = 0.2f; /* of the leaky ReLU */
static const float SHARE = 0.2f; /* of the last outputs, which the picture gets */

struct conv {
    const int8_t *weight;      /* as int8_upscaler.pack() lays it out */
    const float *scale, *bias; /* (outputs): a sum becomes sum * scale + bias */
    long inputs, outputs;      /* multiples of 4 and of LANES; sums of 7,000 inputs fit 32 bits */
};

struct block {
    struct conv convs[CONVS];
    const float *scale; /* (channels of the picture): a byte is (number / scale) + zero */
    const uint8_t *zero; /* (all channels): the byte of the number 0 */
};

static long smaller(long a, long b) { return a < b ? a : b; }

/* Sums of some pixels of a row with both halves of a block of weights.

`seen` points to the pixel above and left of the first one; `row`, `pixel` are strides in bytes. */
static inline __attribute__((always_inline)) void multiply(
    const uint8_t *seen, const int8_t *weight, long row, long pixel, long quads, int pixels,
    __m512i (*sums)[2])
{
    __m512i left[PIXELS], right[PIXELS];
    for (int p = 0; p < pixels; p++)
        left[p] = right[p] = _mm512_setzero_si512();
    for (long y = 0; y < 3; y++)
        for (long x = 0; x < 3; x++) {
            const uint8_t *first = seen + y * row + x * pixel;
            for (long i = 0; i < quads; i++, weight += 4 * OUTPUTS) {
                __m512i four = _mm512_loadu_si512(weight);
                __m512i others = _mm512_loadu_si512(weight + 64);
#pragma GCC unroll 12
                for (int p = 0; p < pixels; p++) {
                    int32_t quad;
                    memcpy(&quad, first + p * pixel + 4 * i, 4);
                    left[p] = _mm512_dpbusd_epi32(left[p], _mm512_set1_epi32(quad), four);
                    right[p] = _mm512_dpbusd_epi32(right[p], _mm512_set1_epi32(quad), others);
                }
            }
        }
    for (int p = 0; p < pixels; p++) {
        sums[p][0] = left[p];
        sums[p][1] = right[p];
    }
}

static inline __m512 bytes_as_floats(const uint8_t *bytes)
{
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)bytes)));
}

/* A convolution of all pixels.

The outputs of a block's last convolution are added to the picture `x`, which gives `out`; the others
become bytes, which are written behind their inputs. */
static void convolve(struct conv conv, const uint8_t *zero, uint8_t *bytes, long height, long width,
                     long pixel, const float *x, float *out)
{
    long row = (width + 2) * pixel, quads = conv.inputs / 4;
    int pixels = width < PIXELS ? 1 : PIXELS;
#pragma omp for schedule(dynamic, 4)
    for (long y = 0; y < height; y++)
        for (long begin = 0; begin < width; begin += pixels) {
            /* The last pixels of a row are computed together with some before them, once more. */
            long first = smaller(begin, width - pixels);
            uint8_t *seen = bytes + y * row + first * pixel;
            uint8_t *written = seen + row + pixel + conv.inputs;
            long place = (y * width + first) * conv.outputs;
            for (long o = 0; o < conv.outputs; o += OUTPUTS) {
                const int8_t *weight = conv.weight + o * 9 * conv.inputs;
                __m512i sums[PIXELS][2];
                if (pixels == 1) /* constants keep sums in registers, and one address */
                    multiply(seen, weight, row, pixel, quads, 1, sums);
                else if (pixel == PUBLISHED)
                    multiply(seen, weight, row, PUBLISHED, quads, PIXELS, sums);
                else
                    multiply(seen, weight, row, pixel, quads, PIXELS, sums);
                for (long c = o; c < smaller(o + OUTPUTS, conv.outputs); c += LANES) {
                    __m512 scale = _mm512_loadu_ps(conv.scale + c);
                    __m512 bias = _mm512_loadu_ps(conv.bias + c);
                    __m512 none = out ? bias : bytes_as_floats(zero + conv.inputs + c);
                    for (long p = 0; p < pixels; p++) {
                        __m512 sum = _mm512_cvtepi32_ps(sums[p][(c - o) / LANES]);
                        __m512 output = _mm512_fmadd_ps(sum, scale, bias);
                        if (out) {
                            long at = place + p * conv.outputs + c;
                            __m512 before = _mm512_loadu_ps(x + at);
                            output = _mm512_fmadd_ps(output, _mm512_set1_ps(SHARE), before);
                            _mm512_storeu_ps(out + at, output);
                        } else {
                            __m512 leaked = _mm512_mul_ps(output, _mm512_set1_ps(SLOPE));
                            output = _mm512_max_ps(output, leaked);
                            output = _mm512_add_ps(output, none);
                            /* Clipped as a float, because an integer would overflow; NaN: 0 */
                            output = _mm512_max_ps(output, _mm512_setzero_ps());
                            output = _mm512_min_ps(output, _mm512_set1_ps(LARGEST));
                            _mm_storeu_si128((void *)(written + p * pixel + c),
                                             _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(output)));
                        }
                    }
                }
            }
        }
}

/* A picture (height, width, channels) as bytes, with a margin of one pixel of zeros. */
static void quantise(const float *scale, const uint8_t *zero, const float *x, long height,
                     long width, long channels, long pixel, uint8_t *bytes)
{
#pragma omp for
    for (long y = 0; y < height + 2; y++) {
        uint8_t *row = bytes + y * (width + 2) * pixel;
        for (long p = 0; p < width + 2; p++)
            memcpy(row + p * pixel, zero, pixel);
        if (y == 0 || y == height + 1)
            continue;
        for (long p = 0; p < width; p++)
            for (long c = 0; c < channels; c++) {
                float number = x[((y - 1) * width + p) * channels + c] / scale[c] + zero[c];
                number = number > 0 ? number < LARGEST ? number : LARGEST : 0; /* NaN: 0 */
                row[(p + 1) * pixel + c] = (uint8_t)(number + 0.5f);
            }
    }
}

/* `ResidualDenseBlock`: x (height, width, channels) → out, the same.  Returns 0 if memory runs out. */
int dense_block(const struct block *block, const float *x, long height, long width, float *out)
{
    long channels = block->convs[0].inputs, pixel = block->convs[CONVS - 1].inputs;
    uint8_t *bytes = malloc((height + 2) * (width + 2) * pixel);
    if (!bytes)
        return 0;
#pragma omp parallel
    {
        quantise(block->scale, block->zero, x, height, width, channels, pixel, bytes);
        for (int i = 0; i < CONVS; i++)
            convolve(block->convs[i], block->zero, bytes, height, width, pixel, x, i == CONVS - 1 ? out : NULL);
    }
    free(bytes);
    return 1;
}
