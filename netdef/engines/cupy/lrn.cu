// Local response normalization across channels; each thread makes one number.

struct Channels {
    int count, channels, step, scales_step, other_step, size;
    Axes axes;
    Strides x, y, scales, channel;
    // step, scales_step and other_step: the distances of neighbouring channels of x, of scales,
    // and of y. scales hold the powers of all channels of an item, then the quotients.
};

extern "C" __global__ void lrn(
    const Image* x, Image* y, Image* scales, Channels by, Real alpha, Real beta, Real k)
{
    const int i = thread_number();
    if (i >= by.count)
        return;
    const int c = place(by.axes, by.channel, i);
    const Image* pixel = x + place(by.axes, by.x, i);
    const int before = (by.size - 1) / 2;
    Real sum = 0;
    for (int d = max(-before, -c); d < min(by.size - before, by.channels - c); ++d)
        sum += pixel[d * by.step] * pixel[d * by.step];
    const Real scale = k + alpha / by.size * sum, divisor = pow(scale, beta);
    const Real result = *pixel / divisor;
    y[place(by.axes, by.y, i)] = result;
    if (scales) {
        Image* kept = scales + place(by.axes, by.scales, i);
        kept[0] = divisor;
        kept[by.channels * by.scales_step] = result / scale;
    }
}

// Here y stands for dy, and goal lies as x.
extern "C" __global__ void lrn_grad(
    const Image* x, const Image* dy, const Image* scales, Image* goal, Channels by,
    Strides goal_strides, Real alpha, Real beta)
{
    const int i = thread_number();
    if (i >= by.count)
        return;
    const int c = place(by.axes, by.channel, i);
    const Image* error = dy + place(by.axes, by.y, i);
    const Image* divisor = scales + place(by.axes, by.scales, i);
    const Image* quotient = divisor + by.channels * by.scales_step;
    const int before = (by.size - 1) / 2;
    Real sum = 0;
    for (int d = max(-before, -c); d < min(by.size - before, by.channels - c); ++d)
        sum += error[d * by.other_step] * quotient[d * by.scales_step];
    const Real flow = 2 * alpha * beta / by.size * sum * x[place(by.axes, by.x, i)];
    goal[place(by.axes, goal_strides, i)] = *error / *divisor - flow;
}
