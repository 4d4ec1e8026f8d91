// C++17 wrapper of the Tenon runtime: ownership and spans on top of tenon.h, nothing to link.
//
//   tenon::Result<tenon::Model> model = tenon::Model::load("model.so");
//   if (!model)
//     return report(model.status().message());
//   tenon::Result<tenon::Context> context = tenon::Context::create(*model);
//   tenon::Tensor x({1, 3, 224, 224}, pixels.data());
//   tenon::Tensor y;                                      // the context allocates it
//   if (tenon::Status status = context->run(0, {x}, {&y}); !status)
//     return report(status.message());
//   const float *logits = y.data<float>();
//
// Works without exceptions. Objects are movable handles; a moved-from object may only be destroyed or
// assigned to.
#ifndef TENON_TENON_HPP
#define TENON_TENON_HPP

#include "tenon/tenon.h"

#include <cassert>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tenon {

/// Success, or a code with a message.
class [[nodiscard]] Status {
public:
  Status() = default;
  /// Takes the message of the call on this thread that returned `code`.
  Status(tn_status code) : errorCode(code), errorMessage(code ? tn_last_error() : "") {}

  bool ok() const { return errorCode == TN_OK; }
  explicit operator bool() const { return ok(); }
  tn_status code() const { return errorCode; }
  const std::string &message() const { return errorMessage; }

private:
  tn_status errorCode = TN_OK;
  std::string errorMessage;
};

/// A value, or the reason why there is none.
template <typename T> class [[nodiscard]] Result {
public:
  Result(T value) : content(std::move(value)) {}
  Result(Status status) : failure(std::move(status)) {}

  explicit operator bool() const { return content.has_value(); }
  const Status &status() const { return failure; }
  /// Only after success.
  T &operator*() { return assert(content), *content; }
  T *operator->() { return assert(content), &*content; }
  const T &operator*() const { return assert(content), *content; }
  const T *operator->() const { return assert(content), &*content; }

private:
  std::optional<T> content;
  Status failure;
};

/// tn_dtype of a C++ type. Types that C++17 lacks (f16, bf16, ...) are named explicitly instead.
template <typename T> constexpr tn_dtype dtypeOf = TN_INVALID;
template <> inline constexpr tn_dtype dtypeOf<double> = TN_F64;
template <> inline constexpr tn_dtype dtypeOf<float> = TN_F32;
template <> inline constexpr tn_dtype dtypeOf<bool> = TN_BOOL;
template <> inline constexpr tn_dtype dtypeOf<int8_t> = TN_I8;
template <> inline constexpr tn_dtype dtypeOf<int16_t> = TN_I16;
template <> inline constexpr tn_dtype dtypeOf<int32_t> = TN_I32;
template <> inline constexpr tn_dtype dtypeOf<int64_t> = TN_I64;
template <> inline constexpr tn_dtype dtypeOf<uint8_t> = TN_U8;
template <> inline constexpr tn_dtype dtypeOf<uint16_t> = TN_U16;
template <> inline constexpr tn_dtype dtypeOf<uint32_t> = TN_U32;
template <> inline constexpr tn_dtype dtypeOf<uint64_t> = TN_U64;

/// A row-major view with a shape of its own; the elements belong to someone else.
class Tensor {
public:
  Tensor() = default;
  Tensor(tn_dtype type, std::vector<int64_t> dims, void *data) : type(type), shape(std::move(dims)), elements(data) {
    if (tn_tensor_bytes(type, static_cast<uint32_t>(shape.size()), shape.data(), &size) != TN_OK)
      size = 0;
  }
  template <typename T> Tensor(std::vector<int64_t> dims, T *data) : Tensor(dtypeOf<T>, std::move(dims), data) {
    static_assert(dtypeOf<T> != TN_INVALID, "name the tn_dtype for this element type");
  }
  explicit Tensor(const tn_tensor &view)
      : type(view.dtype), shape(view.dims, view.dims + view.rank), elements(view.data), size(view.bytes) {}

  tn_dtype dtype() const { return type; }
  const std::vector<int64_t> &dims() const { return shape; }
  size_t bytes() const { return size; }
  void *data() const { return elements; }
  /// NULL when the elements are of another type.
  template <typename T> T *data() const { return dtypeOf<T> == type ? static_cast<T *>(elements) : nullptr; }
  tn_tensor view() const { return {type, static_cast<uint32_t>(shape.size()), shape.data(), elements, size}; }

private:
  tn_dtype type = TN_INVALID;
  std::vector<int64_t> shape;
  void *elements = nullptr;
  size_t size = 0;
};

namespace detail {
struct Destroy {
  void operator()(tn_model *model) const { tn_model_destroy(model); }
  void operator()(tn_context *context) const { tn_context_destroy(context); }
  void operator()(tn_pool *pool) const { tn_pool_destroy(pool); }
  void operator()(tn_trace *trace) const { tn_trace_destroy(trace); }
};

template <typename T> class Handle {
public:
  explicit Handle(T *object) : object(object) {}
  /// For what this wrapper does not cover.
  T *get() const { return object.get(); }

private:
  std::unique_ptr<T, Destroy> object;
};
} // namespace detail

class Pool : public detail::Handle<tn_pool> {
public:
  using Handle::Handle;
  static Result<Pool> create(uint32_t threads = 0) {
    tn_pool *pool = nullptr;
    if (Status status = tn_pool_create(threads, &pool); !status)
      return status;
    return Pool(pool);
  }
  uint32_t threads() const { return tn_pool_threads(get()); }
};

/// A record of runs in a file; see tn_trace_create.
class Trace : public detail::Handle<tn_trace> {
public:
  using Handle::Handle;
  static Result<Trace> create(const std::string &path) {
    tn_trace *trace = nullptr;
    if (Status status = tn_trace_create(path.c_str(), &trace); !status)
      return status;
    return Trace(trace);
  }
  Status status() const { return tn_trace_status(get()); }
};

class Model : public detail::Handle<tn_model> {
public:
  using Handle::Handle;
  static Result<Model> load(const std::string &path, const tn_model_options *options = nullptr) {
    tn_model *model = nullptr;
    if (Status status = tn_model_load(path.c_str(), options, &model); !status)
      return status;
    return Model(model);
  }
  static Result<Model> fromDesc(const tn_model_desc *desc, const tn_model_options *options = nullptr) {
    tn_model *model = nullptr;
    if (Status status = tn_model_from_desc(desc, options, &model); !status)
      return status;
    return Model(model);
  }

  tn_model_info describe() const {
    tn_model_info info = {};
    tn_model_describe(get(), &info);
    return info;
  }
  Result<tn_entry_info> describeEntry(uint32_t entry) const { return fetch(tn_entry_describe, entry); }
  Result<tn_tensor_info> describeInput(uint32_t entry, uint32_t i) const { return fetch(tn_input_describe, entry, i); }
  Result<tn_tensor_info> describeOutput(uint32_t entry, uint32_t i) const {
    return fetch(tn_output_describe, entry, i);
  }
  Result<tn_step_info> describeStep(uint32_t entry, uint32_t i) const { return fetch(tn_step_describe, entry, i); }
  Result<uint32_t> findEntry(const std::string &name) const { return fetch(tn_find_entry, name.c_str()); }
  Result<uint32_t> findInput(uint32_t entry, const std::string &name) const {
    return fetch(tn_find_input, entry, name.c_str());
  }
  Result<uint32_t> findOutput(uint32_t entry, const std::string &name) const {
    return fetch(tn_find_output, entry, name.c_str());
  }
  Status verify() const { return tn_model_verify(get()); }

private:
  /// Calls function(model, arguments..., &result).
  template <typename T, typename... Parameters, typename... Arguments>
  Result<T> fetchAs(tn_status (*function)(const tn_model *, Parameters...), Arguments... arguments) const {
    T result = {};
    if (Status status = function(get(), arguments..., &result); !status)
      return status;
    return result;
  }
  template <typename T> Result<T> fetch(tn_status (*function)(const tn_model *, uint32_t, T *), uint32_t index) const {
    return fetchAs<T>(function, index);
  }
  template <typename T>
  Result<T> fetch(tn_status (*function)(const tn_model *, uint32_t, uint32_t, T *), uint32_t entry,
                  uint32_t index) const {
    return fetchAs<T>(function, entry, index);
  }
  Result<uint32_t> fetch(tn_status (*function)(const tn_model *, const char *, uint32_t *), const char *name) const {
    return fetchAs<uint32_t>(function, name);
  }
  Result<uint32_t> fetch(tn_status (*function)(const tn_model *, uint32_t, const char *, uint32_t *), uint32_t entry,
                         const char *name) const {
    return fetchAs<uint32_t>(function, entry, name);
  }
};

/// One per thread; keeps its model and its pool alive.
class Context : public detail::Handle<tn_context> {
public:
  using Handle::Handle;
  static Result<Context> create(const Model &model, const tn_context_options *options = nullptr) {
    tn_context *context = nullptr;
    if (Status status = tn_context_create(model.get(), options, &context); !status)
      return status;
    return Context(context);
  }
  static Result<Context> create(const Model &model, const Pool &pool, const Trace *trace = nullptr) {
    tn_context_options options = {};
    options.size = sizeof options;
    options.pool = pool.get();
    options.trace = trace ? trace->get() : nullptr;
    return create(model, &options);
  }

  Status setInput(uint32_t entry, uint32_t index, const Tensor &tensor) {
    tn_tensor view = tensor.view();
    return tn_context_set_input(get(), entry, index, &view);
  }
  Status setOutput(uint32_t entry, uint32_t index, const Tensor &tensor) {
    tn_tensor view = tensor.view();
    return tn_context_set_output(get(), entry, index, &view);
  }
  Status reserve(uint32_t entry, const std::vector<int64_t> &symbols = {}) {
    return tn_context_reserve(get(), entry, symbols.data(), static_cast<uint32_t>(symbols.size()));
  }
  Status run(uint32_t entry) { return tn_context_run(get(), entry); }
  /// Valid until the next run.
  Result<Tensor> output(uint32_t entry, uint32_t index) const {
    tn_tensor view = {};
    if (Status status = tn_context_get_output(get(), entry, index, &view); !status)
      return status;
    return Tensor(view);
  }

  /// Outputs with data are filled in place, the others are set to the context's own storage.
  Status run(uint32_t entry, std::initializer_list<Tensor> inputs, std::initializer_list<Tensor *> outputs) {
    uint32_t index = 0;
    for (const Tensor &input : inputs)
      if (Status status = setInput(entry, index++, input); !status)
        return status;
    index = 0;
    for (const Tensor *output : outputs)
      if (Status status = setOutput(entry, index++, *output); !status)
        return status;
    if (Status status = run(entry); !status)
      return status;
    index = 0;
    for (Tensor *out : outputs) {
      Result<Tensor> result = output(entry, index++);
      if (!result)
        return result.status();
      *out = *result;
    }
    return {};
  }
};

} // namespace tenon

#endif
