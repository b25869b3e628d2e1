// Updates of arenas: the weights of a net one after the other, and what lies in the same order.
//
// The arenas are cut into chunks, a block each. A chunk begins where an array may begin, and
// behind its end lies room up to there, so that a thread takes four numbers at once. Each chunk
// belongs to a region, which has a row of a table of numbers; the last number of a row is the
// scale of the gradients. Behind the rows lie the norm that the gradients may have, and what
// they are divided by. Nothing here is told by the host but the numbers of a step.

typedef Real T;

const int MOST_NUMBERS = 128;

struct Numbers {
    double of[MOST_NUMBERS];
};

struct Chunk {
    long long first, stop, region;
};

struct alignas(16) Four {
    Real of[4];
};

struct alignas(4 * sizeof(Image)) FourImages {
    Image of[4];
};

struct SumOfDoubles {
    __device__ static double of(double a, double b) { return a + b; }
};

// The sum over all threads of a block, always in the same order. All threads call it.
__device__ inline double over_block(double value)
{
    __shared__ double room[THREADS];
    return over_lanes<SumOfDoubles>(room, value, 1);
}

__device__ inline Four& four(Real* arena, long long i) { return *(Four*)(arena + i); }

__device__ inline void store(Image* narrow, long long i, const Four& x)
{
    *(FourImages*)(narrow + i) = {{Image(x.of[0]), Image(x.of[1]), Image(x.of[2]), Image(x.of[3])}};
}

// Each row gets the numbers of its kind: those of the kinds from `first` on are given here.
extern "C" __global__ void write_numbers(
    double* table, int rows, int each, const int* kinds, Numbers given, int first, int count,
    double limit, double divisor)
{
    const int i = blockIdx.x * THREADS + threadIdx.x;
    if (i == rows * each) {
        table[i] = limit;
        table[i + 1] = divisor;
    }
    if (i >= rows * each)
        return;
    const int kind = kinds[i / each] - first;
    if (kind >= 0 && kind < count)
        table[i] = given.of[kind * each + i % each];
}

// The sum of the squares of each chunk.
extern "C" __global__ void squares(const Chunk* chunks, Real* grad, double* parts)
{
    const Chunk chunk = chunks[blockIdx.x];
    double sum = 0;
    for (long long i = chunk.first + 4 * threadIdx.x; i < chunk.stop; i += 4 * THREADS) {
        const Four x = four(grad, i);
        for (int k = 0; k < 4; ++k)
            if (i + k < chunk.stop)
                sum += (double)x.of[k] * x.of[k];
    }
    sum = over_block(sum);
    if (threadIdx.x == 0)
        parts[blockIdx.x] = sum;
}

// One block: set the scale of all rows to what brings the gradients down to their norm.
extern "C" __global__ void clip(const double* parts, int count, double* table, int rows, int each)
{
    double sum = 0;
    for (int i = threadIdx.x; i < count; i += THREADS)
        sum += parts[i];
    const double norm = sqrt(over_block(sum)), limit = table[rows * each];
    const double scale = (norm > limit ? limit / norm : 1) / table[rows * each + 1];
    for (int row = threadIdx.x; row < rows; row += THREADS)
        table[row * each + each - 1] = scale;
}
