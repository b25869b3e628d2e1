// Numbers of 16 bits: stored so, and computed with as float. They are rounded to the nearest,
// of two as near to the even one. No header of CUDA's is needed, which not everybody has.

// The upper half of a float.
struct Bfloat16 {
    unsigned short bits;

    __device__ Bfloat16(float x)
    {
        const unsigned whole = __float_as_uint(x);
        bits = x == x ? (whole + 0x7fff + (whole >> 16 & 1)) >> 16 : 0x7fff;
    }

    __device__ operator float() const { return __uint_as_float((unsigned)bits << 16); }
};

// IEEE's half: 11 digits, up to 65504.
struct Float16 {
    unsigned short bits;

    __device__ Float16(float x) { asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(x)); }

    __device__ operator float() const
    {
        float x;
        asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(bits));
        return x;
    }
};
