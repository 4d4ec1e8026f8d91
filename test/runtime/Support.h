// What several tests of the runtime use.
#ifndef TENON_TEST_SUPPORT_H
#define TENON_TEST_SUPPORT_H

#include "Fixture.h"
#include "tenon/tenon.h"

#include <memory>
#include <string>
#include <vector>

/// Calls of malloc and its kin, mmap and syscall by the runtime and the tests, on all threads.
struct SystemCalls {
  long allocations, mappings, waits, wakes, others;
};
SystemCalls systemCalls();

/// Path of an artifact that the build made.
std::string fixture(const char *name = "fixture");
std::string readFile(const std::string &path);

/// A file that disappears with the object.
class TemporaryFile {
public:
  explicit TemporaryFile(const std::string &bytes = "");
  TemporaryFile(const TemporaryFile &) = delete;
  ~TemporaryFile();
  void write(const std::string &bytes);
  const std::string path;
};

struct Destroy {
  void operator()(tn_model *model) const { tn_model_destroy(model); }
  void operator()(tn_context *context) const { tn_context_destroy(context); }
  void operator()(tn_pool *pool) const { tn_pool_destroy(pool); }
  void operator()(tn_trace *trace) const { tn_trace_destroy(trace); }
  void operator()(tn_value *value) const { tn_value_destroy(value); }
};
template <typename T> using Owned = std::unique_ptr<T, Destroy>;

/// The linked fixture; fails the test when it does not load.
Owned<tn_model> linkedModel();
Owned<tn_context> makeContext(tn_model *model, uint32_t threads = 1, tn_pool *pool = nullptr,
                              tn_trace *trace = nullptr);

/// A view of a vector.
inline tn_tensor view(std::vector<float> &data, const std::vector<int64_t> &dims) {
  return {TN_F32, static_cast<uint32_t>(dims.size()), dims.data(), data.data(), data.size() * sizeof(float)};
}

tn_tensor view(std::vector<float> &data, std::vector<int64_t> &&dims) = delete; // it would dangle

/// Shape, inputs and expected output of the fixture's entry "main".
const std::vector<int64_t> &mainDims();
std::vector<float> mainInput();
std::vector<float> mainOutput();

#endif
