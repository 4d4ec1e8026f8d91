//===- Programs.h - Small tn programs that every stage is tried on -------===//
#ifndef TENON_TEST_E2E_PROGRAMS_H
#define TENON_TEST_E2E_PROGRAMS_H

#include <vector>

namespace tenon::test {

struct Program {
  const char *name;
  const char *text;
};

/// Programs that between them reach every kernel template and every way in which kernels share memory.
const std::vector<Program> &programs();

} // namespace tenon::test

#endif
