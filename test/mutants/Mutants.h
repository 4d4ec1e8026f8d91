//===- Mutants.h - Faults that can be switched on at run time ------------===//
//
// Only in the build with TENON_MUTANTS, for the tests of `tenon debug`: mutate.py puts all faults of a source file into
// the compiler, and the environment says which one is on.
//
//   TN_MUTANT=passes/Layout.cpp:17   the fault, by the numbers of the file's list
//   TN_MUTANT_SCOPE=layout/1-layout  only while this pass (or phase: import, kernel, emit) runs
//   TN_MUTANT_TRACE=FILE             gets a line "passes/Layout.cpp:17 layout/1-layout" for every place of a fault that
//                                    is reached, and the scope in which it is
//
//===----------------------------------------------------------------------===//
#ifndef TENON_TEST_MUTANTS_MUTANTS_H
#define TENON_TEST_MUTANTS_MUTANTS_H

#include <string>

namespace tenon::mutants {

/// A mutated source file.
class Source {
public:
  explicit Source(const char *file);
  const char *file;
  int on = -1; ///< number of the fault that is on, if it is one of this file
  bool traced = false;
};

/// Whether the fault `number`, whose place is reached, acts here.
bool acts(const Source &source, int number);

inline bool isOn(const Source &source, int number) {
  return (source.on == number || source.traced) && acts(source, number);
}

/// Says what is running from here on, for all threads.
void enter(const std::string &scope);

} // namespace tenon::mutants

#endif
