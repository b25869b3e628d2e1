// What was wrong with the data first, for the host to find: see checks.py.

struct Finding {
    int place, value;
};

const int NONE_WRONG = 0x7fffffff;

// A number as an int; what is not a number as one that nothing has.
template <typename Number> __device__ inline int whole(Number number)
{
    return number == number ? (int)number : -0x7fffffff;
}

// The place that comes first, of two.
struct First {
    __device__ static int of(int a, int b) { return min(a, b); }
};
