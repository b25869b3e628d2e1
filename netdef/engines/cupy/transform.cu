// Images as bytes to what the net sees: y = (crop(x) - crop(mean)) * scale, flipped left to right
// where that was drawn. Computed in float32 whatever y is stored in: a product that nothing is
// added to is never contracted, so the numbers are those of the CPU.

struct Transform {
    int count;
    Axes axes;  // of y
    Strides y, number, column, x, mean;
    int width, x_row, x_column, mean_row, mean_column;
};

// What is drawn for an image: the first row and column of its crop, and whether it is flipped.
extern "C" __global__ void transform(const unsigned char* x, const int* drawn, const float* mean,
                                     Image* y, Transform by, float scale)
{
    const int i = thread_number();
    if (i >= by.count)
        return;
    const int* own = drawn + 3 * place(by.axes, by.number, i);
    const int row = own[0];
    int column = own[1];
    if (own[2])  // from the place of a column to that of its mirror image
        column += by.width - 1 - 2 * place(by.axes, by.column, i);
    float value = x[place(by.axes, by.x, i) + row * by.x_row + column * by.x_column];
    if (mean)
        value -= mean[place(by.axes, by.mean, i) + row * by.mean_row + column * by.mean_column];
    y[place(by.axes, by.y, i)] = Image(value * scale);
}
