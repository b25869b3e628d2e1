// How many labels are among the best scores, and labels as numbers that are 1 in one place.

// Of some lines: how many were found, how many count, and where the first label lies that is none
// of the classes.
struct Score {
    int found, counted, wrong;
};

struct AddScores {
    __device__ static Score of(const Score& a, const Score& b)
    {
        return {a.found + b.found, a.counted + b.counted, min(a.wrong, b.wrong)};
    }
};

struct AddInts {
    __device__ static int of(int a, int b) { return a + b; }
};

__device__ inline Real share_found(const Score& of)
{
    return (Real)((double)of.found / max(of.counted, 1));
}

// Each block writes the score of its lines, and for each line whether its label was found. The
// second array is the labels, one for each line, in C order.
extern "C" __global__ void score_lines(const Real* x, const Real* label, int* hits, Score* scores,
                                       Lines l, int top_k, int ignore, int ignores)
{
    __shared__ int room[THREADS];
    __shared__ Score block[THREADS];
    const Share mine = share_of_thread(l.by);
    const Real* line = x + place(l.by.kept, l.kept[0], mine.result);
    const int at = place(l.by.kept, l.kept[1], mine.result);
    const bool is_line = mine.result < l.by.results;
    const int number = is_line ? whole(label[at]) : 0;
    const bool is_class = is_line && number >= 0 && number < l.by.length;
    int as_good = 0;
    if (is_class) {
        const Real own = line[place(l.by.summed, l.along[0], number)];
        for (int i = mine.first; i < mine.last; i += mine.step)
            as_good += line[place(l.by.summed, l.along[0], i)] >= own;
    }
    as_good = over_lanes<AddInts>(room, as_good, l.by.width);
    Score score = {0, 0, NONE_WRONG};
    if (mine.is_first_lane) {
        const bool counts = !(ignores && number == ignore);
        if (counts)
            score = {is_class && as_good <= top_k, is_class, is_class ? NONE_WRONG : at};
        hits[at] = score.found;
    }
    score = over_lanes<AddScores>(block, score, 1);
    if (threadIdx.x == 0)
        scores[blockIdx.x] = score;
}

// One block puts the scores of all blocks together.
extern "C" __global__ void mean_score(
    const Score* scores, int count, Real* out, const Real* label, Finding* wrong)
{
    __shared__ Score room[THREADS];
    Score whole_set = {0, 0, NONE_WRONG};
    for (int i = threadIdx.x; i < count; i += THREADS)
        whole_set = AddScores::of(whole_set, scores[i]);
    whole_set = over_lanes<AddScores>(room, whole_set, 1);
    if (threadIdx.x == 0) {
        *out = share_found(whole_set);
        if (whole_set.wrong != NONE_WRONG && wrong->place < 0)
            *wrong = {whole_set.wrong, whole(label[whole_set.wrong])};
    }
}

// A block for each class. One that does not count has labels, of which none was found.
extern "C" __global__ void score_classes(
    const int* hits, const Real* label, int count, Real* out, int step)
{
    __shared__ Score room[THREADS];
    Score score = {0, 0, NONE_WRONG};
    for (int i = threadIdx.x; i < count; i += THREADS)
        if (whole(label[i]) == blockIdx.x)
            score = {score.found + hits[i], score.counted + 1, NONE_WRONG};
    score = over_lanes<AddScores>(room, score, 1);
    if (threadIdx.x == 0)
        out[blockIdx.x * step] = share_found(score);
}

// One block finds the first label that counts and is none of the classes.
extern "C" __global__ void check_labels(
    const Real* label, int count, int classes, int ignore, int ignores, Finding* wrong)
{
    __shared__ int room[THREADS];
    int first = NONE_WRONG;
    for (int i = count - 1 - (int)threadIdx.x; i >= 0; i -= THREADS) {
        const int number = whole(label[i]);
        if (!(ignores && number == ignore) && !(number >= 0 && number < classes))
            first = i;
    }
    first = over_lanes<First>(room, first, 1);
    if (threadIdx.x == 0 && first != NONE_WRONG && wrong->place < 0)
        *wrong = {first, whole(label[first])};
}

struct Hot {
    int count;
    Axes axes;
    Strides out, label, number;
};

extern "C" __global__ void one_hot(
    const Real* label, Real* out, Hot by, int ignore, int ignores)
{
    const int i = thread_number();
    if (i >= by.count)
        return;
    const int own = whole(label[place(by.axes, by.label, i)]);
    out[place(by.axes, by.out, i)] =
        own == place(by.axes, by.number, i) && !(ignores && own == ignore);
}
