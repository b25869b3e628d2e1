// CUDA's words on one thread of a CPU, to run the kernels' own text without a GPU: blocks one
// after the other, and the threads of a block as fibers that change at __syncthreads().
// "Shared" variables are static: one block runs at a time.

#include <algorithm>
#include <cmath>
#include <csetjmp>
#include <cstring>
#include <ucontext.h>
#include <utility>

using std::exp;
using std::fabs;
using std::floor;
using std::log;
using std::log1p;
using std::pow;
using std::sqrt;
using std::tanh;

// Of a number and what is none, CUDA's give the number.
inline int max(int a, int b) { return a < b ? b : a; }
inline int min(int a, int b) { return b < a ? b : a; }
inline unsigned max(unsigned a, unsigned b) { return a < b ? b : a; }
inline float max(float a, float b) { return std::fmax(a, b); }
inline float min(float a, float b) { return std::fmin(a, b); }
inline double max(double a, double b) { return std::fmax(a, b); }
inline double min(double a, double b) { return std::fmin(a, b); }

#define __global__
#define __device__
#define __shared__ static

struct Number {
    unsigned x;
};

static Number threadIdx, blockIdx, blockDim, gridDim;

static inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b)
{
    return (unsigned __int128)a * b >> 64;
}

static inline unsigned __float_as_uint(float x)
{
    unsigned bits;
    std::memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float __uint_as_float(unsigned bits)
{
    float x;
    std::memcpy(&x, &bits, sizeof x);
    return x;
}

// PTX's conversions between float and half; the compiler has no half everywhere.
static inline unsigned short ptx_cvt_rn_f16_f32(float x)
{
    const unsigned short sign = std::signbit(x) ? 0x8000 : 0;
    if (x != x)
        return 0x7fff;
    if (std::fabs(x) >= 65536)
        return sign | 0x7c00;
    // A number so large that its last bit is worth what the half's is: adding it rounds.
    const unsigned power = max(__float_as_uint(x) & 0x7f800000, 113u << 23);
    const float large = __uint_as_float(power + (13 << 23)), rounded = std::fabs(x) + large - large;
    // 1024 steps to each power of two, and below the smallest.
    const int steps = rounded * __uint_as_float((264u << 23) - power);
    return sign | min((int)(power >> 13) - (113 << 10) + steps, 0x7c00);
}

static inline float ptx_cvt_f32_f16(unsigned short bits)
{
    const float sign = bits & 0x8000 ? -1 : 1;
    if ((bits & 0x7c00) == 0x7c00)
        return sign * (bits & 1023 ? NAN : INFINITY);
    return sign * __uint_as_float((bits & 0x7fff) << 13) * 0x1p112f;
}

namespace on_cpu {

enum State { FRESH, WAITING, DONE };

const int MOST = 1024, STACK = 1 << 15;
static ucontext_t caller, fibers[MOST];
static jmp_buf back, waiting[MOST];
static State states[MOST];
static char stacks[MOST][STACK];
static void (*body)(void*);
static void* given;

static void begin()
{
    body(given);
    states[threadIdx.x] = DONE;
    longjmp(back, 1);
}

// Let a thread go on to its next barrier, or to its end.
static void go_on(unsigned thread)
{
    threadIdx.x = thread;
    if (setjmp(back))
        return;
    if (states[thread] == WAITING)
        longjmp(waiting[thread], 1);
    getcontext(&fibers[thread]);
    fibers[thread].uc_stack.ss_sp = stacks[thread];
    fibers[thread].uc_stack.ss_size = STACK;
    fibers[thread].uc_link = nullptr;
    makecontext(&fibers[thread], begin, 0);
    setcontext(&fibers[thread]);
}

// Run a block; false if some threads ended while others wait for them at a barrier.
static bool run_block(bool backwards, bool has_barriers)
{
    for (unsigned i = 0; !has_barriers && i < blockDim.x; ++i) {
        threadIdx.x = backwards ? blockDim.x - 1 - i : i;
        body(given);
    }
    if (!has_barriers)
        return true;
    std::fill(states, states + blockDim.x, FRESH);
    for (;;) {
        unsigned done = 0;
        for (unsigned i = 0; i < blockDim.x; ++i) {
            const unsigned thread = backwards ? blockDim.x - 1 - i : i;
            go_on(thread);
            done += states[thread] == DONE;
        }
        if (done)
            return done == blockDim.x;
    }
}

template <typename... Types, unsigned long... At>
void call(void (*kernel)(Types...), void** arguments, std::index_sequence<At...>)
{
    kernel(*static_cast<Types*>(arguments[At])...);
}

template <typename... Types>
int wrong_size(void (*)(Types...), int count, const int* sizes)
{
    const int wanted[] = {(int)sizeof(Types)...};
    if (count != sizeof...(Types))
        return 0;
    for (int i = 0; i < count; ++i)
        if (sizes[i] != wanted[i])
            return i + 1;
    return -1;
}

// Run a kernel. Returns -1; or 0 if the number of arguments is wrong, n if the size of the n-th
// is, -2 if threads ended while others wait at a barrier.
template <typename... Types>
int launch(void (*kernel)(Types...), unsigned blocks, unsigned threads, int count,
           const int* sizes, void** arguments, int backwards, int has_barriers)
{
    const int wrong = wrong_size(kernel, count, sizes);
    if (wrong >= 0)
        return wrong;
    struct Given {
        void (*kernel)(Types...);
        void** arguments;
    };
    static Given both;
    both = {kernel, arguments};
    given = &both;
    body = [](void* pair) {
        Given* own = static_cast<Given*>(pair);
        call(own->kernel, own->arguments, std::index_sequence_for<Types...>());
    };
    gridDim.x = blocks;
    blockDim.x = threads;
    for (unsigned i = 0; i < blocks; ++i) {
        blockIdx.x = backwards ? blocks - 1 - i : i;
        if (!run_block(backwards, has_barriers))
            return -2;
    }
    return -1;
}

}

// Wait until all threads of the block are here.
static void __syncthreads()
{
    const unsigned me = threadIdx.x;
    on_cpu::states[me] = on_cpu::WAITING;
    if (!setjmp(on_cpu::waiting[me]))
        longjmp(on_cpu::back, 1);
    threadIdx.x = me;
}
