// Sums, and sums of products, over some axes.

struct Sums {
    Reduction by;
    Strides a_kept, a_summed, b_kept, b_summed, out;
    // The distance of the parts of one result in out.
    int part;
};

// Without b the sums of a. What is there already is added to, or not.
extern "C" __global__ void sums(const Image* a, const Image* b, Real* out, Sums s, int adds)
{
    __shared__ Real room[THREADS];
    const Share mine = share_of_thread(s.by);
    const Image* first = a + place(s.by.kept, s.a_kept, mine.result);
    const Image* second = b ? b + place(s.by.kept, s.b_kept, mine.result) : b;
    Real sum = 0;
    for (int i = mine.first; i < mine.last; i += mine.step) {
        const Real number = first[place(s.by.summed, s.a_summed, i)];
        sum += second ? number * second[place(s.by.summed, s.b_summed, i)] : number;
    }
    sum = over_lanes<Sum>(room, sum, s.by.width);
    if (mine.is_first_lane) {
        Real* goal = out + place(s.by.kept, s.out, mine.result) + mine.part * s.part;
        *goal = adds ? *goal + sum : sum;
    }
}
