// Batch normalization by channel. Vectors of one number a channel lie plain.

// Mean, and the sum of squares around it, of some numbers.
struct Moments {
    Real count, mean, squares;
};

// Chan, Golub, LeVeque 1979: as exact as two passes, with one.
struct Pool {
    __device__ static Moments of(const Moments& a, const Moments& b)
    {
        const Real count = a.count + b.count;
        if (count == 0)
            return a;
        const Real apart = b.mean - a.mean, part = b.count / count;
        return {count, a.mean + apart * part,
                a.squares + b.squares + apart * apart * a.count * part};
    }
};

struct Channels {
    Reduction by;
    Strides x_kept, x_summed, dy_kept, dy_summed, mask_kept, mask_summed;
};

extern "C" __global__ void moments_of_parts(const Image* x, Moments* parts, Channels c)
{
    __shared__ Moments room[THREADS];
    const Share mine = share_of_thread(c.by);
    const Image* channel = x + place(c.by.kept, c.x_kept, mine.result);
    Moments own = {0, 0, 0};
    if (mine.first < mine.last) {
        // Around the thread's first number, so that a far mean costs no digits.
        const Real middle = channel[place(c.by.summed, c.x_summed, mine.first)];
        Real sum = 0, squares = 0;
        for (int i = mine.first; i < mine.last; i += mine.step) {
            const Real apart = channel[place(c.by.summed, c.x_summed, i)] - middle;
            sum += apart;
            squares += apart * apart;
        }
        own.count = (mine.last - mine.first + mine.step - 1) / mine.step;
        own.mean = middle + sum / own.count;
        own.squares = squares - sum * (sum / own.count);
    }
    own = over_lanes<Pool>(room, own, c.by.width);
    if (mine.is_first_lane)
        parts[mine.result * c.by.parts + mine.part] = own;
}

// Each block puts one channel's parts together.
extern "C" __global__ void moments(const Moments* parts, int count, Real* mean, Real* variance)
{
    __shared__ Moments room[THREADS];
    Moments own = {0, 0, 0};
    for (int i = threadIdx.x; i < count; i += THREADS)
        own = Pool::of(own, parts[blockIdx.x * count + i]);
    own = over_lanes<Pool>(room, own, 1);
    if (threadIdx.x == 0) {
        mean[blockIdx.x] = own.mean;
        variance[blockIdx.x] = max(own.squares / own.count, (Real)0);
    }
}

struct Images {
    int count;
    Axes axes;
    Strides x, dy, mask, out, channel;
};

extern "C" __global__ void normalize(
    const Image* x, const Real* mean, const Real* variance, const Real* scale, const Real* bias,
    Image* out, unsigned char* mask, Images by, Real eps, int clips)
{
    const int i = thread_number();
    if (i >= by.count)
        return;
    const int c = place(by.axes, by.channel, i);
    Real y = (x[place(by.axes, by.x, i)] - mean[c]) / sqrt(variance[c] + eps);
    if (scale)
        y = y * scale[c] + bias[c];
    if (clips && y < 0)
        y = 0;
    out[place(by.axes, by.out, i)] = y;
    if (mask)
        mask[place(by.axes, by.mask, i)] = y > 0;
}

// Without a mean, x is normalized already, and spread is 1 / sqrt(variance + eps).
__device__ inline Real inverse(const Real* mean, const Real* spread, int c, Real eps)
{
    return mean ? 1 / sqrt(spread[c] + eps) : spread[c];
}

struct Flow {
    Real sum, along;
};

struct AddFlows {
    __device__ static Flow of(const Flow& a, const Flow& b)
    {
        return {a.sum + b.sum, a.along + b.along};
    }
};

// Sums of dy and of dy times the normalized x: parts of (2, channels), one after the other.
extern "C" __global__ void flows(
    const Image* x, const Image* dy, const unsigned char* mask, const Real* mean,
    const Real* spread, Real* parts, Channels c, Real eps)
{
    __shared__ Flow room[THREADS];
    const Share mine = share_of_thread(c.by);
    Flow own = {0, 0};
    if (mine.first < mine.last) {
        const Real factor = inverse(mean, spread, mine.result, eps);
        const Real middle = mean ? mean[mine.result] : (Real)0;
        const Image* pixels = x + place(c.by.kept, c.x_kept, mine.result);
        const Image* errors = dy + place(c.by.kept, c.dy_kept, mine.result);
        const int lead = place(c.by.kept, c.mask_kept, mine.result);
        for (int i = mine.first; i < mine.last; i += mine.step) {
            Real error = errors[place(c.by.summed, c.dy_summed, i)];
            if (mask)
                error *= mask[lead + place(c.by.summed, c.mask_summed, i)];
            own.sum += error;
            own.along += error * (pixels[place(c.by.summed, c.x_summed, i)] - middle);
        }
        own.along *= mean ? factor : (Real)1;
    }
    own = over_lanes<AddFlows>(room, own, c.by.width);
    if (mine.is_first_lane) {
        Real* goal = parts + mine.result * c.by.parts + mine.part;
        goal[0] = own.sum;
        goal[c.by.results * c.by.parts] = own.along;
    }
}

// flows: the sums of all channels, of dy and then of dy times the normalized x.
extern "C" __global__ void flow_back(
    const Image* x, const Image* dy, const unsigned char* mask, const Real* mean,
    const Real* spread, const Real* scale, const Real* flows, Image* out, Images by, int channels,
    Real length, Real eps)
{
    const int i = thread_number();
    if (i >= by.count)
        return;
    const int c = place(by.axes, by.channel, i);
    const Real factor = inverse(mean, spread, c, eps);
    Real normal = x[place(by.axes, by.x, i)];
    if (mean)
        normal = (normal - mean[c]) * factor;
    Real error = dy[place(by.axes, by.dy, i)];
    if (mask)
        error *= mask[place(by.axes, by.mask, i)];
    error -= flows[c] / length + normal * (flows[channels + c] / length);
    out[place(by.axes, by.out, i)] = error * factor * (scale ? scale[c] : (Real)1);
}
