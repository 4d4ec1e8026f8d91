//===- Shrink.cpp - Smaller dimensions -----------------------------------===//
//
// What the dimensions of a graph have to do with each other is the importer's knowledge. Here stands only a guess: what
// has the same size belongs together, be it a dimension of an input or a constant, a number in a shape that a constant
// holds, or one in an attribute. The importer refuses what does not fit, which costs a few milliseconds.
//
//===----------------------------------------------------------------------===//
#include "tools/reduce/Search.h"
#include "tools/reduce/TensorEdit.h"
#include "llvm/ADT/STLExtras.h"

using namespace tenon::onnx;

namespace tenon::reduce {

namespace {

/// Which numbers a change of size applies to.
struct Scope {
  bool attributes = false; ///< numbers in attributes, too
  bool multiples = false;  ///< those that the size divides, in proportion
  /// Only this dimension of this input or constant, if the name is not empty.
  std::string tensor;
  size_t axis = 0;
};

/// One change of size applied to a subject.
class Resizer {
public:
  Resizer(int64_t from, int64_t to, const Scope &scope) : from(from), to(to), scope(scope) {}

  std::optional<Subject> apply(Subject subject);

private:
  int64_t resized(int64_t size) {
    bool matches = scope.multiples ? size > 0 && size % from == 0 : size == from;
    changed |= matches;
    return matches ? size / from * to : size;
  }
  void resize(std::map<std::string, TensorData> &tensors);
  void resize(const std::string &name, TensorData &tensor);
  void resize(Node &node);

  int64_t from, to;
  const Scope &scope;
  bool changed = false;
};

} // namespace

/// Whether a constant may be a list of sizes, whose elements count and not its length.
static bool isSizeList(const TensorData &tensor) {
  return tensor.type() == ElementType::Int64 && tensor.rank() <= 1 && tensor.numElements() <= 8;
}

void Resizer::resize(const std::string &name, TensorData &tensor) {
  if (bitWidth(tensor.type()) < 8) // strings, and elements that share bytes
    return;
  std::vector<int64_t> dims = tensor.dims();
  for (size_t axis = 0; axis < dims.size(); ++axis)
    if (scope.tensor.empty() || (scope.tensor == name && scope.axis == axis))
      dims[axis] = resized(dims[axis]);
  if (dims != tensor.dims())
    tensor = leadingPart(tensor, dims);
}

void Resizer::resize(std::map<std::string, TensorData> &tensors) {
  for (auto &[name, tensor] : tensors) {
    if (!isSizeList(tensor)) {
      resize(name, tensor);
      continue;
    }
    std::vector<int64_t> sizes = *tensor.asInts();
    for (int64_t &size : sizes)
      size = scope.tensor.empty() ? resized(size) : size;
    if (sizes != *tensor.asInts())
      tensor = integerTensor(tensor.dims(), sizes);
  }
}

void Resizer::resize(Node &node) {
  for (Attribute &attribute : node.attributes) {
    AttributeValue value = *attribute.value;
    if (auto *number = std::get_if<int64_t>(&value))
      *number = resized(*number);
    else if (auto *list = std::get_if<std::vector<int64_t>>(&value))
      for (int64_t &number : *list)
        number = resized(number);
    else
      continue;
    attribute.value = std::make_shared<const AttributeValue>(std::move(value));
  }
}

std::optional<Subject> Resizer::apply(Subject subject) {
  resize(subject.inputs);
  resize(subject.constants);
  if (!changed)
    return std::nullopt;
  if (scope.attributes)
    for (Node &node : subject.nodes)
      resize(node);
  return subject;
}

/// Sizes of dimensions that are left, largest first.
static std::vector<int64_t> sizesOf(const Subject &subject) {
  std::set<int64_t, std::greater<int64_t>> sizes;
  for (const auto *tensors : {&subject.inputs, &subject.constants})
    for (const auto &[name, tensor] : *tensors)
      for (int64_t size : tensor.dims())
        if (size > 1 && !isSizeList(tensor))
          sizes.insert(size);
  return {sizes.begin(), sizes.end()};
}

/// Finds the least size that works in place of `from`: tries 1, 2, 4 .. and then between the last two.
static bool shrinkSize(Search &search, int64_t from, const Scope &scope) {
  const Subject whole = search.best();
  auto holds = [&](int64_t to) { return search.attemptVariant(Resizer(from, to, scope).apply(whole)); };
  int64_t least = 1;
  while (least < from && !holds(least))
    least *= 2;
  if (least >= from)
    return false;
  for (int64_t low = least / 2 + 1, high = least; low < high;) {
    int64_t middle = (low + high) / 2;
    if (holds(middle))
      high = middle;
    else
      low = middle + 1;
  }
  return true;
}

static bool shrinkEverywhere(Search &search, int64_t size) {
  for (bool multiples : {false, true})
    for (bool attributes : {false, true}) {
      Scope scope;
      scope.multiples = multiples;
      scope.attributes = attributes;
      if (shrinkSize(search, size, scope))
        return true;
    }
  return false;
}

/// Dimensions whose size others have by chance.
static bool shrinkOneByOne(Search &search) {
  bool changed = false;
  std::vector<std::pair<std::string, size_t>> dims;
  const Subject whole = search.best();
  for (const auto *tensors : {&whole.inputs, &whole.constants})
    for (const auto &[name, tensor] : *tensors)
      for (size_t axis = 0; axis < tensor.rank() && !isSizeList(tensor); ++axis)
        dims.emplace_back(name, axis);
  for (auto &[name, axis] : dims) {
    Scope scope;
    scope.tensor = name;
    scope.axis = axis;
    const TensorData *tensor = search.valueOf(name);
    if (tensor && tensor->dims()[axis] > 1)
      changed |= shrinkSize(search, tensor->dims()[axis], scope);
  }
  return changed;
}

bool shrinkDims(Search &search) {
  search.enter("dims");
  bool changed = false;
  for (int64_t size : sizesOf(search.best()))
    if (!search.isOver() && llvm::is_contained(sizesOf(search.best()), size))
      changed |= shrinkEverywhere(search, size);
  return shrinkOneByOne(search) || changed;
}

} // namespace tenon::reduce
