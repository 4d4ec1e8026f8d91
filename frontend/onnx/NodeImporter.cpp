#include "frontend/onnx/NodeImporter.h"
#include "ir/Constant.h"
#include "ir/Folding.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace tenon::onnx {

NodeImporter::NodeImporter(const Node &node, llvm::ArrayRef<Value> inputs, OpBuilder &builder, Diagnostics &diags,
                           int64_t maxTensorBytes)
    : node(node), attrs(node), operands(inputs), builder(builder), diags(diags),
      loc(NameLoc::get(builder.getStringAttr(node.name))), maxTensorBytes(maxTensorBytes) {}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

void NodeImporter::describe(Diagnostic &diagnostic) {
  std::string note = "operator " + node.opType + " of " + (node.domain.empty() ? "ai.onnx" : node.domain) + ", opset " +
                     std::to_string(node.opset) + ", inputs (";
  for (auto [i, operand] : llvm::enumerate(operands))
    note += (i ? ", " : "") + (operand ? describeType(operand.getType()) : std::string("-"));
  diagnostic.notes.push_back(note + ")");
}

LogicalResult NodeImporter::unsupported(const llvm::Twine &what) {
  if (!reported)
    describe(diags.error(Status::Unsupported, ("Tenon does not support " + what).str(), node.name));
  reported = true;
  return failure();
}

LogicalResult NodeImporter::malformed(const llvm::Twine &what) {
  if (!reported)
    describe(diags.error(Status::Malformed, what.str(), node.name));
  reported = true;
  return failure();
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

std::optional<SmallVector<int64_t>> NodeImporter::constantInts(unsigned i, llvm::StringRef what) {
  Value operand = input(i);
  if (!elementOf(operand).isInteger()) {
    (void)malformed(what + " (input " + Twine(i) + ") must hold integers");
    return std::nullopt;
  }
  Tensor value;
  if (auto known = tn::constantValue(operand))
    value = *known;
  else {
    (void)unsupported(what + " (input " + Twine(i) + ", " + quoted(node.inputs[i]) +
                      ") that is computed at run time: it must be a constant");
    return std::nullopt;
  }
  SmallVector<int64_t> result;
  for (int64_t p = 0; p < value.getNumElements(); ++p)
    result.push_back(value.get(p).i);
  return result;
}

std::optional<double> NodeImporter::constantNumber(unsigned i, llvm::StringRef what) {
  std::optional<Tensor> value = tn::constantValue(input(i));
  if (!value) {
    (void)unsupported(what + " (input " + Twine(i) + ", " + quoted(node.inputs[i]) +
                      ") that is computed at run time: it must be a constant");
    return std::nullopt;
  }
  if (value->getNumElements() != 1) {
    (void)malformed(what + " (input " + Twine(i) + ") must have one element");
    return std::nullopt;
  }
  Scalar s = value->get(0);
  return isFloat(input(i)) ? s.f : static_cast<double>(s.i);
}

SmallVector<int64_t> NodeImporter::attributeInts(llvm::StringRef name) {
  return llvm::to_vector(attrs.getInts(std::string_view(name)));
}

std::optional<SmallVector<int64_t>> NodeImporter::ints(llvm::StringRef name, unsigned i) {
  if (has(i))
    return constantInts(i, name);
  return attributeInts(name);
}

std::optional<int64_t> NodeImporter::axis(int64_t axis, int64_t rank) {
  if (axis >= -rank && axis < rank)
    return axis < 0 ? axis + rank : axis;
  (void)malformed("axis " + Twine(axis) + " is outside the rank " + Twine(rank));
  return std::nullopt;
}

std::optional<SmallVector<int64_t>> NodeImporter::axes(ArrayRef<int64_t> axes, int64_t rank) {
  SmallVector<int64_t> result;
  for (int64_t a : axes) {
    auto resolved = axis(a, rank);
    if (!resolved)
      return std::nullopt;
    result.push_back(*resolved);
  }
  llvm::sort(result);
  if (std::adjacent_find(result.begin(), result.end()) == result.end())
    return result;
  (void)malformed("axes name a dimension twice");
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Emitting
//===----------------------------------------------------------------------===//

bool NodeImporter::inferTypes(OperationState &state) {
  auto *inference = state.name.getInterface<InferTypeOpInterface>();
  SmallVector<Type> types;
  if (!inference ||
      failed(inference->inferReturnTypes(context(), loc, state.operands, state.attributes.getDictionary(context()),
                                         state.getRawProperties(), {}, types)))
    return false;
  state.types.assign(types.begin(), types.end());
  return true;
}

/// The bytes of every result must be countable and below the cap: a hostile model must not make us allocate
/// or overflow.
bool NodeImporter::fitsLimit(TypeRange types) {
  for (Type type : types) {
    if (fitsBytes(mlir::cast<RankedTensorType>(type), maxTensorBytes))
      continue;
    if (!reported)
      describe(diags.error(Status::LimitExceeded,
                           "a value of type " + describeType(type) + " exceeds the limit of " +
                               std::to_string(maxTensorBytes) + " bytes for one tensor",
                           node.name));
    reported = true;
    return false;
  }
  return true;
}

SmallVector<Value> NodeImporter::finish(OperationState &state, bool infer) {
  std::string message;
  ScopedDiagnosticHandler capture(context(), [&](mlir::Diagnostic &diagnostic) {
    if (message.empty())
      message = diagnostic.str();
    return success();
  });
  if (infer && !inferTypes(state)) {
    (void)malformed(message.empty() ? "operands do not fit together" : message);
    return {};
  }
  if (!fitsLimit(state.types))
    return {};
  Operation *op = builder.create(state);
  if (failed(verify(op))) {
    op->erase();
    (void)malformed(message);
    return {};
  }
  return tn::foldOrKeep(builder, op);
}

Value NodeImporter::reshape(Value v, ArrayRef<int64_t> shape) {
  return v ? emitTyped<tn::ReshapeOp>(RankedTensorType::get(shape, elementOf(v)), v) : Value();
}

Value NodeImporter::transpose(Value v, ArrayRef<int64_t> permutation) { return emit<tn::TransposeOp>(v, permutation); }

Value NodeImporter::broadcast(Value v, ArrayRef<int64_t> shape) {
  return v ? emitTyped<tn::BroadcastOp>(RankedTensorType::get(shape, elementOf(v)), v) : Value();
}

Value NodeImporter::cast(Value v, Type elementType) {
  if (!v || elementOf(v) == elementType)
    return v;
  return emitTyped<tn::CastOp>(typeOf(v).clone(elementType), v, false);
}

Value NodeImporter::sliceAxis(Value v, int64_t axis, int64_t begin, int64_t end) {
  if (!v)
    return {};
  SmallVector<int64_t> offsets(rankOf(v), 0), sizes(shapeOf(v)), strides(rankOf(v), 1);
  offsets[axis] = begin;
  sizes[axis] = end - begin;
  return emit<tn::SliceOp>(v, offsets, sizes, strides);
}

Value NodeImporter::reduce(tn::ReduceKind kind, Value v, ArrayRef<int64_t> axes) {
  return emit<tn::ReduceOp>(kind, v, axes, false);
}

Value NodeImporter::mean(Value v, ArrayRef<int64_t> axes) {
  if (!v)
    return {};
  double count = 1;
  for (int64_t axis : axes)
    count *= shapeOf(v)[axis];
  Value sum = reduce(tn::ReduceKind::Sum, v, axes);
  if (isFloat(v) && count > 0)
    return emit<tn::MulOp>(sum, scalarLike(v, 1 / count));
  return emit<tn::DivOp>(sum, scalarLike(v, count));
}

Value NodeImporter::splat(RankedTensorType type, double value) {
  return fitsLimit(type) ? tn::splatConstant(builder, loc, type, value) : Value();
}

Value NodeImporter::scalar(Type elementType, double value) {
  return tn::splatConstant(builder, loc, RankedTensorType::get({}, elementType), value);
}

Value NodeImporter::intConstant(ArrayRef<int64_t> values, ArrayRef<int64_t> shape) {
  Tensor tensor(RankedTensorType::get(shape, builder.getI64Type()));
  for (auto [i, value] : llvm::enumerate(values))
    tensor.set(i, Scalar::integer(value));
  return constant(tensor);
}

Value NodeImporter::constant(const Tensor &tensor) {
  return tn::ConstantOp::create(builder, loc, tensor.getType(), tn::constantAttribute(tensor));
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

LogicalResult NodeImporter::results(ArrayRef<Value> values) {
  if (llvm::any_of(values, [](Value v) { return !v; }))
    return failure();
  for (unsigned i = values.size(); i < node.outputs.size(); ++i)
    if (node.hasOutput(i))
      return unsupported("output " + Twine(i) + " of " + node.opType);
  produced.assign(values.begin(), values.end());
  return success();
}

} // namespace tenon::onnx
