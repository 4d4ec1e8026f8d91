/* A small model written by hand, as the compiler would emit it. It is linked into the tests (tn_test_query)
 * and built as an artifact of its own (tn_model_query).
 *
 *   main     x f32[64, 1024]                        -> y = x * w + 1
 *   dynamic  a, b f32[rows, 16]                     -> sum f32[rows, 16], positive f32[?]: elements of sum >
 * 0 state    cache f32[8], token f32[]              -> cache_out (aliases cache) = cache + token fail code
 * i32[]                             -> y f32[], after failing with that code unless it is 0
 */
#ifndef TENON_TEST_FIXTURE_H
#define TENON_TEST_FIXTURE_H

#include "tenon/abi.h"

#define FIXTURE_ROWS 64
#define FIXTURE_COLUMNS 1024
#define FIXTURE_WEIGHTS_BYTES (FIXTURE_COLUMNS * 4)
enum { FIXTURE_MAIN, FIXTURE_DYNAMIC, FIXTURE_STATE, FIXTURE_FAIL, FIXTURE_ENTRIES };

#ifdef __cplusplus
extern "C"
#endif
    const tn_model_desc *tn_test_query(uint32_t runtime_abi_version);

#endif
