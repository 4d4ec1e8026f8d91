//===- Mutants.h - Faults that can be switched on at run time ------------===//
//
// Only in the build with TENON_MUTANTS, for the tests of `tenon debug`: mutate.py puts all faults of a source file into
// the compiler, and the environment says which one is on.
//
//   TN_MUTANT=passes/Layout.cpp:17   the fault, by the numbers of the file's list
//   TN_MUTANT_SCOPE=layout/1-layout  only while one of these passes or phases (import, kernel) runs; commas between
//   TN_MUTANT_STEPS=12               in the last of these only up to the end of its twelfth step
//   TN_MUTANT_TRACE=FILE             gets a line "passes/Layout.cpp:17 layout/1-layout 12 NAME" for every place of a
//                                    fault that is reached: the scope, and number and name of the step of the pass;
//                                    if a fault is on only where this one acts, else without the step; and lines
//                                    "step layout/1-layout 12 NAME" for steps that passes announce (passes/Steps.h)
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

/// Says that the next step of the scope begins. What decides about a step that is `announced` comes before it.
void enterStep(const std::string &name, bool announced);

/// Whether anybody asks in which step a fault is.
bool countsSteps();

/// Whether a fault may be on in this process.
bool isPlanted();

} // namespace tenon::mutants

#endif
