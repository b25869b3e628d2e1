// Results that are each made of many numbers, in an order that is always the same: no atomics.
//
// A block makes `width` results, a power of two, side by side; each of its THREADS / width lanes
// takes every so-many-th number of one of them, and then the lanes' shares are put together two
// by two. Long results are cut in `parts`, which are put together by another call.

struct Reduction {
    int results, length, parts, width;
    Axes kept, summed;
};

// Which numbers of which result a thread takes: none beyond the last result.
struct Share {
    int result, part, first, last, step;
    bool is_first_lane;
};

__device__ inline Share share_of_thread(const Reduction& by)
{
    const int lane = threadIdx.x / by.width, part = blockIdx.x % by.parts;
    const int result = blockIdx.x / by.parts * by.width + threadIdx.x % by.width;
    const int chunk = (by.length + by.parts - 1) / by.parts;
    const int last = result < by.results ? min(by.length, (part + 1) * chunk) : 0;
    return {result, part, part * chunk + lane, last, THREADS / by.width,
            lane == 0 && result < by.results};
}

// Put the values of all lanes together by Combine::of, and tell every lane. All threads call it.
template <typename Combine, typename Value>
__device__ Value over_lanes(Value* room, Value value, int width)
{
    room[threadIdx.x] = value;
    __syncthreads();
    for (int half = THREADS / 2; half >= width; half /= 2) {
        if (threadIdx.x < half)
            room[threadIdx.x] = Combine::of(room[threadIdx.x], room[threadIdx.x + half]);
        __syncthreads();
    }
    const Value whole = room[threadIdx.x % width];
    __syncthreads();
    return whole;
}

struct Sum {
    __device__ static Real of(Real a, Real b) { return a + b; }
};

struct Largest {
    __device__ static Real of(Real a, Real b) { return max(a, b); }
};
