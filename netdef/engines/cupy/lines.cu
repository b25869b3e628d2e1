// The lines along one axis, such as the scores of each item, are the "results" of a reduction.

struct Lines {
    Reduction by;
    // Of up to three arrays: from line to line, and along a line.
    Strides kept[3], along[3];
};
