// Arrays as netdef hands them over: views in any order of axes, with distances ("strides")
// counted in numbers, not bytes. Everything fits in an int: larger arrays are refused.
//
// In front of this text are defined the types Real, which is computed with, Image, which images
// are stored in, and Index; and THREADS, the threads of a block.

// Axes of some arrays, innermost first. Those that lie together in all of them are one.
struct Axes {
    int rank;
    int size[5];
};

struct Strides {
    int of[5];
};

__device__ inline int thread_number()
{
    return blockIdx.x * blockDim.x + threadIdx.x;
}

// Where in an array the i-th place along the axes lies.
__device__ inline int place(const Axes& axes, const Strides& strides, int i)
{
    int at = 0;
    // Written so that it is unrolled: an index that is not constant would cost a trip to memory.
    for (int a = 0; a < 4; ++a) {
        if (axes.rank == a + 1)
            return at + i * strides.of[a];
        const int outer = i / axes.size[a];
        at += (i - outer * axes.size[a]) * strides.of[a];
        i = outer;
    }
    return at + i * strides.of[4];
}
