// Softmax along one axis, alone and with its loss.

// The largest number of each line, and the sum of exp(x - largest).
struct Total {
    Real largest, sum;
};

__device__ inline Total total(const Real* line, const Lines& l, const Share& mine, Real* room)
{
    Total of;
    of.largest = mine.last ? *line : (Real)0;  // any of the line, for lanes that have none
    for (int i = mine.first; i < mine.last; i += mine.step)
        of.largest = Largest::of(of.largest, line[place(l.by.summed, l.along[0], i)]);
    of.largest = over_lanes<Largest>(room, of.largest, l.by.width);
    of.sum = 0;
    for (int i = mine.first; i < mine.last; i += mine.step)
        of.sum += exp(line[place(l.by.summed, l.along[0], i)] - of.largest);
    of.sum = over_lanes<Sum>(room, of.sum, l.by.width);
    return of;
}

__device__ inline void soften(
    const Real* line, Real* y, const Lines& l, const Share& mine, const Total& of)
{
    for (int i = mine.first; i < mine.last; i += mine.step)
        y[place(l.by.summed, l.along[1], i)] =
            exp(line[place(l.by.summed, l.along[0], i)] - of.largest) / of.sum;
}

extern "C" __global__ void softmax(const Real* x, Real* y, Lines l)
{
    __shared__ Real room[THREADS];
    const Share mine = share_of_thread(l.by);
    const Real* line = x + place(l.by.kept, l.kept[0], mine.result);
    const Total of = total(line, l, mine, room);
    soften(line, y + place(l.by.kept, l.kept[1], mine.result), l, mine, of);
}

extern "C" __global__ void softmax_grad(const Real* y, const Real* dy, Real* dx, Lines l)
{
    __shared__ Real room[THREADS];
    const Share mine = share_of_thread(l.by);
    const Real* line = y + place(l.by.kept, l.kept[0], mine.result);
    const Real* errors = dy + place(l.by.kept, l.kept[1], mine.result);
    Real* goal = dx + place(l.by.kept, l.kept[2], mine.result);
    Real sum = 0;
    for (int i = mine.first; i < mine.last; i += mine.step)
        sum += line[place(l.by.summed, l.along[0], i)] * errors[place(l.by.summed, l.along[1], i)];
    sum = over_lanes<Sum>(room, sum, l.by.width);
    for (int i = mine.first; i < mine.last; i += mine.step)
        goal[place(l.by.summed, l.along[2], i)] =
            (errors[place(l.by.summed, l.along[1], i)] - sum)
            * line[place(l.by.summed, l.along[0], i)];
}

// What some lines add to the loss: how many count, and where the first label lies that is none
// of the classes.
struct Loss {
    Real sum;
    int counted, wrong;
};

struct AddLosses {
    __device__ static Loss of(const Loss& a, const Loss& b)
    {
        return {a.sum + b.sum, a.counted + b.counted, min(a.wrong, b.wrong)};
    }
};

__device__ inline Loss loss(
    const Real* line, const Lines& l, int label_place, int label, const Total& of, Real smallest)
{
    if (label < 0 || label >= l.by.length)
        return {0, 0, label_place};
    const Real score = line[place(l.by.summed, l.along[0], label)];
    const Real probability = exp(score - of.largest) / of.sum;
    // Written so that what is not a number stays that.
    return {-log(probability < smallest ? smallest : probability), 1, NONE_WRONG};
}

// Each block writes the loss of its lines. The third array is the labels, one for each line, in
// C order.
extern "C" __global__ void softmax_loss(const Real* x, const Real* label, Real* probability,
                                        Loss* losses, Lines l, int ignore, int ignores,
                                        Real smallest)
{
    __shared__ Real room[THREADS];
    __shared__ Loss block[THREADS];
    const Share mine = share_of_thread(l.by);
    const Real* line = x + place(l.by.kept, l.kept[0], mine.result);
    const Total of = total(line, l, mine, room);
    if (probability)
        soften(line, probability + place(l.by.kept, l.kept[1], mine.result), l, mine, of);
    Loss own = {0, 0, NONE_WRONG};
    if (mine.is_first_lane) {
        const int at = place(l.by.kept, l.kept[2], mine.result), number = whole(label[at]);
        if (!(ignores && number == ignore))
            own = loss(line, l, at, number, of, smallest);
    }
    own = over_lanes<AddLosses>(block, own, 1);
    if (threadIdx.x == 0)
        losses[blockIdx.x] = own;
}

// One block puts the losses of all blocks together. divisor 0: the number of labels that count.
extern "C" __global__ void mean_loss(const Loss* losses, int count, Real divisor, Real* out,
                                     Real* normalizer, const Real* label, Finding* wrong)
{
    __shared__ Loss room[THREADS];
    Loss own = {0, 0, NONE_WRONG};
    for (int i = threadIdx.x; i < count; i += THREADS)
        own = AddLosses::of(own, losses[i]);
    own = over_lanes<AddLosses>(room, own, 1);
    if (threadIdx.x == 0) {
        const Real by = divisor > 0 ? divisor : (Real)max(own.counted, 1);
        *normalizer = by;
        // Labels that are none must not be learned from: see halting.py.
        *out = own.wrong == NONE_WRONG ? own.sum / by : (Real)nan("");
        if (own.wrong != NONE_WRONG && wrong->place < 0)
            *wrong = {own.wrong, whole(label[own.wrong])};
    }
}

struct Classes {
    int count;
    Axes axes;
    Strides out, probability, label, number;
};

extern "C" __global__ void softmax_loss_grad(
    const Real* probability, const Real* label, const Real* normalizer, const Real* dloss,
    Real* out, Classes by, int ignore, int ignores)
{
    const int i = thread_number();
    if (i >= by.count)
        return;
    const int own = whole(label[place(by.axes, by.label, i)]);
    const Real is_label = own == place(by.axes, by.number, i);
    const Real counts = !(ignores && own == ignore);
    const Real error = (probability[place(by.axes, by.probability, i)] - is_label) * counts;
    out[place(by.axes, by.out, i)] = error * (*dloss / *normalizer);
}
