// Polynomials, lowest power first. Written by derive.py, which says how; do not edit.
#pragma once

// clang-format off
namespace tenon::math::coef {

/// (e^r - 1 - r)/r^2, error relative to e^r - 1 on [-0.34692, 0.34692]: error 2^-26.08.
inline constexpr double kExpF32[] = {0x1.fffffe0000000p-2, 0x1.5554ae0000000p-3, 0x1.5557240000000p-5, 0x1.1228e80000000p-7, 0x1.6b635c0000000p-10}; // float

/// 2^r, r in steps of powers after the leading 1 on [-0.5, 0.5]: error 2^-28.06.
inline constexpr double kExp2F32[] = {0x1.62e4300000000p-1, 0x1.ebfbd80000000p-3, 0x1.c6af780000000p-5, 0x1.3b30b00000000p-7, 0x1.5f0a660000000p-10, 0x1.3f906c0000000p-13}; // float

/// (e^r - 1 - r)/r^2, error relative to e^r - 1 on [-0.34692, 0.34692]: error 2^-61.51.
inline constexpr double kExpF64[] = {0x1.0000000000000p-1, 0x1.5555555555559p-3, 0x1.555555555554cp-5, 0x1.111111110f64bp-7, 0x1.6c16c16c1b327p-10, 0x1.a01a01b00a520p-13, 0x1.a01a018b482d1p-16, 0x1.71ddf7f822582p-19, 0x1.27e51969ca95fp-22, 0x1.af5f5e1bfc32ap-26, 0x1.1f107d14a1626p-29}; // double

/// 2^r, r in steps of powers after the leading 1 on [-0.5, 0.5]: error 2^-59.48.
inline constexpr double kExp2F64[] = {0x1.62e42fefa39efp-1, 0x1.ebfbdff82c58ep-3, 0x1.c6b08d704a185p-5, 0x1.3b2ab6fba50fep-7, 0x1.5d87fe788835cp-10, 0x1.430912f7a9ea0p-13, 0x1.ffcbfcde5e964p-17, 0x1.62c02560d10fbp-20, 0x1.b5241c748619ep-24, 0x1.e4c37dbb8c8edp-28, 0x1.eb078dac7a012p-32, 0x1.d48bab76c6261p-36}; // double

/// (log(1+f) - f)/f^2, error relative to log(1+f) on [-0.29289, 0.41421]: error 2^-27.7.
inline constexpr double kLogF32[] = {-0x1.fffff80000000p-2, 0x1.5555580000000p-2, -0x1.0004320000000p-2, 0x1.99a0160000000p-3, -0x1.5422b00000000p-3, 0x1.22b8be0000000p-3, -0x1.0fa3840000000p-3, 0x1.06b5200000000p-3, -0x1.325ab00000000p-4}; // float

/// (atanh(s)/s - 1)/s^2 in s^2, error relative to atanh(s) on [0.0, 0.029467]: error 2^-59.44.
inline constexpr double kLogF64[] = {0x1.5555555555594p-2, 0x1.999999997f6c1p-3, 0x1.2492494246f3fp-3, 0x1.c71c51c96ecd5p-4, 0x1.74664b53c1817p-4, 0x1.39a084cd4273fp-4, 0x1.2f115b5b1286fp-4}; // double

/// (atanh(s)/s - 1 - s^2/3)/s^4 in s^2, error relative to atanh(s) on [0.0, 0.029467]: error 2^-76.53.
inline constexpr double kLogTailF64[] = {0x1.999999999999ap-3, 0x1.2492492492387p-3, 0x1.c71c71c73f7e6p-4, 0x1.745d173214527p-4, 0x1.3b13b7e261219p-4, 0x1.110faa1bb5387p-4, 0x1.e240c8290db7bp-5, 0x1.a795921874032p-5, 0x1.d9c75d7f04ea7p-5}; // double

/// (sin(x)/x - 1)/x^2 in x^2 on [0.0, 0.61808]: error 2^-27.82.
inline constexpr double kSinF32[] = {-0x1.5555440000000p-3, 0x1.1106e40000000p-7, -0x1.992bd20000000p-13}; // float

/// (cos(x) - 1 + x^2/2)/x^4 in x^2, error relative to cos(x) on [0.0, 0.61808]: error 2^-32.98.
inline constexpr double kCosF32[] = {0x1.55554a0000000p-5, -0x1.6c0c280000000p-10, 0x1.99e8180000000p-16}; // float

/// (sin(x)/x - 1)/x^2 in x^2 on [0.0, 0.61808]: error 2^-57.88.
inline constexpr double kSinF64[] = {-0x1.5555555555548p-3, 0x1.111111110f74bp-7, -0x1.a01a019bee91cp-13, 0x1.71de355b25330p-19, -0x1.ae5e50f2facc0p-26, 0x1.5d8d16251620fp-33}; // double

/// (cos(x) - 1 + x^2/2)/x^4 in x^2, error relative to cos(x) on [0.0, 0.61808]: error 2^-63.8.
inline constexpr double kCosF64[] = {0x1.555555555554ap-5, -0x1.6c16c16c14e3dp-10, 0x1.a01a019c666fap-16, -0x1.27e4f7d6eb822p-22, 0x1.1ee9cb18b1596p-29, -0x1.8f9e6ce6e6e00p-37}; // double

/// (atan(x)/x - 1)/x^2 in x^2 on [0.0, 1.0]: error 2^-28.2.
inline constexpr double kAtanF32[] = {-0x1.55553a0000000p-2, 0x1.9991000000000p-3, -0x1.24177a0000000p-3, 0x1.c0317e0000000p-4, -0x1.5709ba0000000p-4, 0x1.d6de140000000p-5, -0x1.f722e60000000p-6, 0x1.5d871a0000000p-7, -0x1.c7dc840000000p-10}; // float

/// (atan(x)/x - 1)/x^2 in x^2 on [0.0, 0.17174]: error 2^-59.33.
inline constexpr double kAtanF64[] = {-0x1.555555555553bp-2, 0x1.999999999547cp-3, -0x1.2492492296c92p-3, 0x1.c71c70ddcf918p-4, -0x1.745cf7fb923c9p-4, 0x1.3b110a2c26025p-4, -0x1.10eb14ee8c2a4p-4, 0x1.df0652061957dp-5, -0x1.9cab85b5ee55bp-5, 0x1.3774b843371d9p-5, -0x1.249b55312631ap-6}; // double

/// (asin(x)/x - 1)/x^2 in x^2 on [0.0, 0.25]: error 2^-27.57.
inline constexpr double kAsinF32[] = {0x1.5555c80000000p-3, 0x1.3302460000000p-4, 0x1.7472120000000p-5, 0x1.8caece0000000p-6, 0x1.58f4600000000p-5}; // float

/// (asin(x)/x - 1)/x^2 in x^2 on [0.0, 0.25]: error 2^-59.78.
inline constexpr double kAsinF64[] = {0x1.5555555555576p-3, 0x1.333333332e3cdp-4, 0x1.6db6db71f042dp-5, 0x1.f1c71aa268624p-6, 0x1.6e8bdd59f3cecp-6, 0x1.1c4a0c33dcb7ep-6, 0x1.ca1cec27f0751p-7, 0x1.759b222ddbf0ep-7, 0x1.60c37c53569f8p-7, 0x1.ed16b9d7001d8p-9, 0x1.61736be6b58eap-6, -0x1.54f2adff088c8p-6, 0x1.0a5498ba841a0p-5}; // double

/// (tanh(x)/x - 1)/x^2 in x^2 on [0.0, 0.39063]: error 2^-27.72.
inline constexpr double kTanhF32[] = {-0x1.5555320000000p-2, 0x1.1106fe0000000p-3, -0x1.b837800000000p-5, 0x1.52095e0000000p-6, -0x1.7567ec0000000p-8}; // float

/// erf(x)/x - 1 in x^2, error relative to erf(x) on [0.0, 1.0]: error 2^-29.34.
inline constexpr double kErfF32[] = {0x1.06eba80000000p-3, -0x1.81273e0000000p-2, 0x1.ce2cf00000000p-4, -0x1.b7f8580000000p-6, 0x1.53ff920000000p-8, -0x1.a3c95c0000000p-11, 0x1.48edee0000000p-14}; // float

/// erf(x)/x - 1 in x^2, error relative to erf(x) on [0.0, 1.0]: error 2^-56.34.
inline constexpr double kErfF64[] = {0x1.06eba8214db69p-3, -0x1.812746b037a05p-2, 0x1.ce2f21a043f14p-4, -0x1.b82ce312e43b7p-6, 0x1.565bcd1de7b9dp-8, -0x1.c02db74d273d2p-11, 0x1.f9a39f6edc72ep-14, -0x1.f4de487a89888p-17, 0x1.babcd3bcd8f5dp-20, -0x1.6a291a0fc1050p-23, 0x1.5f8a769dce1d7p-26, -0x1.858e9632570aap-28, 0x1.483aea0ae1010p-29, -0x1.8562db4f40371p-31, 0x1.a8e39ad422ca3p-34}; // double

/// log2(erfc(x)) in x, weighted to the error of erf(x) on [1.0, 4.0]: error 2^-29.17.
inline constexpr double kErfLogF32[] = {-0x1.f2e6340000000p-12, -0x1.a0492e0000000p+0, -0x1.d74f680000000p-1, -0x1.30dd420000000p-3, 0x1.0287c80000000p-5, -0x1.1798700000000p-8, 0x1.1b765a0000000p-12}; // float

/// 2^r, for erf beyond 1 on [-0.5, 0.5]: error 2^-22.97.
inline constexpr double kErfExp2F32[] = {0x1.0000020000000p+0, 0x1.62e42a0000000p-1, 0x1.ebf8b00000000p-3, 0x1.c6b59a0000000p-5, 0x1.3d211a0000000p-7, 0x1.5c902c0000000p-10}; // float

/// (1+2x) e^(x^2) erfc(x) in t = (x-4)/(x+4), for x in [0.5, 28] on [-0.77778, 0.75]: error 2^-54.57.
inline constexpr double kErfcF64[] = {0x1.3ba5916e9fd7fp+0, -0x1.1df1ad154a28ep-3, 0x1.f7f5df66fc8c1p-7, 0x1.16ecefcfa532ap-4, -0x1.9ddb23c3e40c2p-4, 0x1.7fee004e13ae7p-4, -0x1.0fb06dfeac9dap-4, 0x1.3079edf64464bp-5, -0x1.09623873e1f37p-6, 0x1.49c6729e9a973p-8, -0x1.8d4aa87c6764ap-11, -0x1.a1df3c88c4830p-13, 0x1.3be13be53f50cp-13, -0x1.9955cc5624dfbp-16, -0x1.78b23b65990f4p-17, 0x1.7efd72531a720p-18, 0x1.443002e755a82p-22, -0x1.b8591bcd913cdp-21, 0x1.17e7ffbe4f55ep-24, 0x1.bddb20683fbb1p-24, -0x1.8e9c273b8168ap-27, -0x1.520626919a90ep-27}; // double

/// 2/pi in digits of 28 bits: 2/pi = sum of the entries.
inline constexpr double kTwoOverPi28[] = {0x1.45f306c000000p-1, 0x1.c9c882a000000p-29, 0x1.4fe13a8000000p-59, 0x1.f47d4d0000000p-86, 0x1.bb81b6c000000p-113, 0x1.4acc9e0000000p-143, 0x1.0e4107c000000p-170, 0x1.ca2c756000000p-197};

/// 2/pi in digits of 53 bits: 2/pi = sum of kTwoOverPi53[i] * 2^(-53 i).
inline constexpr double kTwoOverPi53[] = {0x1.45f306dc9c882p-1, 0x1.4a7f09d5f47d4p-1, 0x1.a6ee06db14accp-1, 0x1.3c439041fe516p-1, 0x1.d5ef5de2b0db8p-3, 0x1.2371d2126e970p-2, 0x1.924bba8274600p-8, 0x1.21cfe1deb1cb1p-1, 0x1.4d39f74411af8p-3, 0x1.4baed1213a671p-1, 0x1.8135a2fbf209cp-1, 0x1.91d639835339fp-1, 0x1.272117e2ef7e4p-2, 0x1.41d8ffc4bffeep-2, 0x1.02cc07f79788cp-1, 0x1.6b414da3eda6cp-2, 0x1.fb3c9f2c26dd2p-2, 0x1.d18fd9a797fa8p-1, 0x1.6ba93dd63f5f2p-1, 0x1.f17b3d0739f78p-1, 0x1.4a525d4d7f6bfp-1, 0x1.88fc6ae842b00p-2, 0x1.98237e3db5d5fp-1, 0x1.0cfbc209af436p-1};

} // namespace tenon::math::coef
// clang-format on
