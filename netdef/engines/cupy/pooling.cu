// Pooling over up to three axes of the image; each thread makes one number.

struct Pooling {
    // What is written, numbered in the order in which it lies: N, C and the three axes.
    int count, size[5], step[5];
    int image[3], windows[3], kernel[3], stride[3], pad[3];
    int x[5], y[5], index[5];
};

__device__ inline int coordinate(const Pooling& p, int i, int axis)
{
    return i / p.step[axis] % p.size[axis];
}

// The pixels of a window that lie in the image, and how many its part of the padded image has.
struct Pixels {
    int begin[3], first[3], last[3], area;
};

__device__ inline Pixels pixels(const Pooling& p, const int* window)
{
    Pixels found;
    found.area = 1;
    for (int a = 0; a < 3; ++a) {
        const int begin = window[a] * p.stride[a] - p.pad[a];
        found.begin[a] = begin;
        found.first[a] = max(begin, 0);
        found.last[a] = min(begin + p.kernel[a], p.image[a]);
        found.area *= min(begin + p.kernel[a], p.image[a] + p.pad[a]) - begin;
    }
    return found;
}

extern "C" __global__ void pool_max(const Image* x, Image* y, Index* index, Pooling p)
{
    const int i = thread_number();
    if (i >= p.count)
        return;
    const int n = coordinate(p, i, 0), c = coordinate(p, i, 1);
    const int t[3] = {coordinate(p, i, 2), coordinate(p, i, 3), coordinate(p, i, 4)};
    const Pixels in = pixels(p, t);
    const Image* plane = x + n * p.x[0] + c * p.x[1];
    Real best = 0;
    int tap = -1;
    for (int d = in.first[0]; d < in.last[0]; ++d)
        for (int h = in.first[1]; h < in.last[1]; ++h)
            for (int w = in.first[2]; w < in.last[2]; ++w) {
                const Real pixel = plane[d * p.x[2] + h * p.x[3] + w * p.x[4]];
                if (tap < 0 || pixel > best)
                    tap = ((d - in.begin[0]) * p.kernel[1] + h - in.begin[1]) * p.kernel[2] + w
                        - in.begin[2];
                else if (pixel == pixel)
                    continue;
                best = pixel;
            }
    const int lead = n * p.y[0] + c * p.y[1];
    y[lead + t[0] * p.y[2] + t[1] * p.y[3] + t[2] * p.y[4]] = best;
    if (index)
        index[n * p.index[0] + c * p.index[1] + t[0] * p.index[2] + t[1] * p.index[3]
              + t[2] * p.index[4]] = (Index)tap;
}

extern "C" __global__ void pool_average(const Image* x, Image* y, Pooling p)
{
    const int i = thread_number();
    if (i >= p.count)
        return;
    const int n = coordinate(p, i, 0), c = coordinate(p, i, 1);
    const int t[3] = {coordinate(p, i, 2), coordinate(p, i, 3), coordinate(p, i, 4)};
    const Pixels in = pixels(p, t);
    const Image* plane = x + n * p.x[0] + c * p.x[1];
    Real sum = 0;
    for (int d = in.first[0]; d < in.last[0]; ++d)
        for (int h = in.first[1]; h < in.last[1]; ++h)
            for (int w = in.first[2]; w < in.last[2]; ++w)
                sum += plane[d * p.x[2] + h * p.x[3] + w * p.x[4]];
    const int lead = n * p.y[0] + c * p.y[1];
    y[lead + t[0] * p.y[2] + t[1] * p.y[3] + t[2] * p.y[4]] = sum / in.area;
}

// The windows that meet a pixel.
struct Windows {
    int first[3], last[3];
};

__device__ inline Windows windows(const Pooling& p, const int* pixel)
{
    Windows found;
    for (int a = 0; a < 3; ++a) {
        const int at = pixel[a] + p.pad[a];
        found.first[a] = at < p.kernel[a] ? 0 : (at - p.kernel[a]) / p.stride[a] + 1;
        found.last[a] = min(at / p.stride[a] + 1, p.windows[a]);
    }
    return found;
}

// Every pixel gathers from the windows that chose it: nothing is written twice.
extern "C" __global__ void pool_max_grad(const Image* dy, const Index* index, Image* dx, Pooling p)
{
    const int i = thread_number();
    if (i >= p.count)
        return;
    const int n = coordinate(p, i, 0), c = coordinate(p, i, 1);
    const int s[3] = {coordinate(p, i, 2), coordinate(p, i, 3), coordinate(p, i, 4)};
    const Windows in = windows(p, s);
    const Image* errors = dy + n * p.y[0] + c * p.y[1];
    const Index* chosen = index + n * p.index[0] + c * p.index[1];
    Real sum = 0;
    for (int d = in.first[0]; d < in.last[0]; ++d)
        for (int h = in.first[1]; h < in.last[1]; ++h)
            for (int w = in.first[2]; w < in.last[2]; ++w) {
                const int z = s[0] + p.pad[0] - d * p.stride[0];
                const int y = s[1] + p.pad[1] - h * p.stride[1];
                const int x = s[2] + p.pad[2] - w * p.stride[2];
                const int tap = (z * p.kernel[1] + y) * p.kernel[2] + x;
                if (chosen[d * p.index[2] + h * p.index[3] + w * p.index[4]] == tap)
                    sum += errors[d * p.y[2] + h * p.y[3] + w * p.y[4]];
            }
    dx[n * p.x[0] + c * p.x[1] + s[0] * p.x[2] + s[1] * p.x[3] + s[2] * p.x[4]] = sum;
}

extern "C" __global__ void pool_average_grad(const Image* dy, Image* dx, Pooling p)
{
    const int i = thread_number();
    if (i >= p.count)
        return;
    const int n = coordinate(p, i, 0), c = coordinate(p, i, 1);
    const int s[3] = {coordinate(p, i, 2), coordinate(p, i, 3), coordinate(p, i, 4)};
    const Windows in = windows(p, s);
    const Image* errors = dy + n * p.y[0] + c * p.y[1];
    Real sum = 0;
    for (int d = in.first[0]; d < in.last[0]; ++d)
        for (int h = in.first[1]; h < in.last[1]; ++h)
            for (int w = in.first[2]; w < in.last[2]; ++w) {
                const int window[3] = {d, h, w};
                sum += errors[d * p.y[2] + h * p.y[3] + w * p.y[4]] / pixels(p, window).area;
            }
    dx[n * p.x[0] + c * p.x[1] + s[0] * p.x[2] + s[1] * p.x[3] + s[2] * p.x[4]] = sum;
}
