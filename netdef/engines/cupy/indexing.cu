// Rows of a table by number. The numbers are those of a blob, as labels are: of type Index.

// Which row a number names, or -1 if none: what is not a number is none.
__device__ inline int row_of(Index number, int rows)
{
    return number > -1 && number < rows ? (int)number : -1;
}

// One block finds the first number that names no row.
extern "C" __global__ void check_rows(const Index* index, int count, int rows, Finding* wrong)
{
    __shared__ int room[THREADS];
    int first = NONE_WRONG;
    for (int i = count - 1 - (int)threadIdx.x; i >= 0; i -= THREADS)
        if (row_of(index[i], rows) < 0)
            first = i;
    first = over_lanes<First>(room, first, 1);
    if (threadIdx.x == 0 && first != NONE_WRONG && wrong->place < 0)
        *wrong = {first, whole(index[first])};
}

// Where the number names no row, zeros.
extern "C" __global__ void gather(
    const Real* table, const Index* index, Real* out, int count, int width, int rows)
{
    const int i = thread_number();
    if (i >= count)
        return;
    const int item = i / width, row = row_of(index[item], rows);
    out[i] = row < 0 ? (Real)0 : table[row * width + (i - item * width)];
}

// For each number: which later one names the same row, `count` if none, and whether no earlier
// one does. So what is added to a row can be added in order, and by one thread.
struct Link {
    int next, is_first;
};

extern "C" __global__ void link_rows(const Index* index, Link* links, int count, int rows)
{
    const int i = thread_number();
    if (i >= count)
        return;
    const int row = row_of(index[i], rows);
    int next = i + 1, before = i - 1;
    while (next < count && row_of(index[next], rows) != row)
        ++next;
    while (before >= 0 && row_of(index[before], rows) != row)
        --before;
    links[i] = {next, before < 0 && row >= 0};
}

extern "C" __global__ void scatter(const Real* values, const Index* index, const Link* links,
                                   Real* table, int count, int width, int rows)
{
    const int i = thread_number(), item = i / width, column = i - item * width;
    if (item >= count || !links[item].is_first)
        return;
    Real& goal = table[row_of(index[item], rows) * width + column];
    Real sum = goal;
    for (int each = item; each < count; each = links[each].next)
        sum += values[each * width + column];
    goal = sum;
}
