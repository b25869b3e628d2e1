// Random numbers by Philox 4x64, 10 rounds (Salmon and others, 2011): the same as on the CPU,
// numbered in the order of plain (N, C, ...) whatever the order in which they lie.

typedef unsigned long long Word;

struct Drawn {
    int count;
    Axes axes;
    Strides out;
};

struct Words {
    Word of[4];
};

__device__ inline Words philox(Words counter, Word key, Word other_key)
{
    for (int round = 0; round < 10; ++round) {
        const Word a = counter.of[0], b = counter.of[2];
        const Word factor = 0xD2E7470EE14C6C93ull, other = 0xCA5A826395121157ull;
        counter = {{__umul64hi(other, b) ^ counter.of[1] ^ key, other * b,
                    __umul64hi(factor, a) ^ counter.of[3] ^ other_key, factor * a}};
        key += 0x9E3779B97F4A7C15ull;
        other_key += 0xBB67AE8584CAA73Bull;
    }
    return counter;
}

// What the numbers depend on besides their stream, for all calls of a pass.
struct Moment {
    Word seed, iteration, share;
};

extern "C" __global__ void set_moment(Moment* moment, Word seed, Word iteration, Word share)
{
    if (thread_number() == 0)
        *moment = {seed, iteration, share};
}

// Each thread makes as many numbers as one counter gives: 8 of 32 bits or 4 of 64. Those before
// the first and behind the last are of other shares.
extern "C" __global__ void uniform(Real* out, Drawn by, const Moment* moment, Word stream)
{
    const int each = 32 / sizeof(Real), number = thread_number();
    const Word start = moment->share * by.count;
    const int first = number * each - (int)(start % each);
    if (first >= by.count)
        return;
    const Words words =
        philox({{start / each + number + 1, 0, moment->iteration, 0}}, moment->seed, stream);
    for (int i = 0; i < each; ++i) {
        if (first + i < 0)
            continue;
        if (first + i >= by.count)
            return;
        Real value;
        if (each == 8)
            value = (Real)((unsigned)(words.of[i / 2] >> 32 * (i % 2)) >> 8) * (Real)0x1p-24;
        else
            value = (Real)(words.of[i % 4] >> 11) * (Real)0x1p-53;
        out[place(by.axes, by.out, first + i)] = value;
    }
}
