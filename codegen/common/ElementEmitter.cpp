#include "codegen/common/ElementEmitter.h"
#include "ir/Constant.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

#include "codegen/common/Interfaces.cpp.inc"

namespace tenon::codegen {

Type computeType(Type element) {
  if (auto integer = dyn_cast<IntegerType>(element))
    return IntegerType::get(element.getContext(), integer.getWidth());
  if (isa<FloatType>(element))
    return element.isF64() ? element : Float32Type::get(element.getContext());
  return element;
}

Type storageType(Type element) {
  if (auto integer = dyn_cast<IntegerType>(element))
    return IntegerType::get(element.getContext(), std::max(8u, integer.getWidth()));
  if (element.isBF16())
    return IntegerType::get(element.getContext(), 16);
  return element;
}

bool isIndexable(Operation *op) {
  return isa<tn::ElementwiseOpInterface, IndexableOpInterface, tn::ConstantOp>(op);
}

ElementEmitter::ElementEmitter(OpBuilder &b, Location loc, int64_t lanes)
    : b(b), loc(loc), laneCount(lanes) {}

void ElementEmitter::bind(Value tensor, Provider provider) { providers[tensor] = std::move(provider); }

void ElementEmitter::bind(Value tensor, Buffer buffer) {
  Type element = cast<RankedTensorType>(tensor.getType()).getElementType();
  bind(tensor, [buffer, element](ElementEmitter &e, ArrayRef<Index> index) {
    return e.load(buffer, element, index);
  });
}

void ElementEmitter::bindAll(const ElementEmitter &other) {
  for (auto &[tensor, provider] : other.providers)
    providers[tensor] = provider;
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

Value ElementEmitter::element(Value tensor, ArrayRef<Index> index) {
  std::pair<void *, std::vector<std::pair<void *, int64_t>>> key = {tensor.getAsOpaquePointer(), {}};
  for (const Index &i : index) {
    // Equal constants are equal positions, whichever operation they come from; odd numbers are no pointers.
    std::optional<int64_t> c = i.lanes ? std::nullopt : getConstantIntValue(i.base);
    void *position = c ? reinterpret_cast<void *>(static_cast<uintptr_t>(*c) * 2 + 1)
                       : (i.lanes ? i.lanes : i.base).getAsOpaquePointer();
    key.second.emplace_back(position, i.step);
  }
  auto it = cache.find(key);
  if (it != cache.end())
    return it->second;
  Value value = emit(tensor, index);
  cache[key] = value;
  return value;
}

Value ElementEmitter::vectorElement(Value tensor, ArrayRef<Index> index) {
  return broadcast(element(tensor, index));
}

Value ElementEmitter::emit(Value tensor, ArrayRef<Index> index) {
  auto provider = providers.find(tensor);
  if (provider != providers.end())
    return provider->second(*this, index);
  Operation *op = tensor.getDefiningOp();
  assert(op && "kernel argument is not bound");
  Type element = cast<RankedTensorType>(tensor.getType()).getElementType();
  if (std::optional<double> splat = tn::splatValue(tensor))
    return constant(element, *splat);
  if (auto elementwise = dyn_cast<tn::ElementwiseOpInterface>(op)) {
    SmallVector<Value> operands;
    bool anyVector = false;
    for (Value operand : op->getOperands()) {
      operands.push_back(this->element(
          operand, broadcastIndex(index, cast<RankedTensorType>(operand.getType()).getShape())));
      anyVector |= isa<VectorType>(operands.back().getType());
    }
    if (anyVector)
      for (Value &operand : operands)
        operand = broadcast(operand);
    return roundTo(elementwise.emitBody(b, loc, operands), element);
  }
  auto indexable = dyn_cast<IndexableOpInterface>(op);
  assert(indexable && "operation has no element code");
  return indexable.emitElement(*this, cast<OpResult>(tensor).getResultNumber(), index);
}

Value ElementEmitter::constant(Type element, double value) {
  Type type = computeType(element);
  if (isa<FloatType>(type))
    return arith::ConstantOp::create(b, loc, FloatAttr::get(type, value));
  return arith::ConstantOp::create(
      b, loc,
      IntegerAttr::get(type, APInt(type.getIntOrFloatBitWidth(), static_cast<int64_t>(value), true, true)));
}

Value ElementEmitter::broadcast(Value value) {
  if (laneCount == 1 || isa<VectorType>(value.getType()))
    return value;
  return vector::BroadcastOp::create(b, loc, VectorType::get({laneCount}, value.getType()), value);
}

void ElementEmitter::unify(Value &x, Value &y) {
  if (isa<VectorType>(x.getType()))
    y = broadcast(y);
  else if (isa<VectorType>(y.getType()))
    x = broadcast(x);
}

Value ElementEmitter::select(Value condition, Value onTrue, Value onFalse) {
  unify(onTrue, onFalse);
  if (isa<VectorType>(condition.getType())) {
    onTrue = broadcast(onTrue);
    onFalse = broadcast(onFalse);
  }
  return arith::SelectOp::create(b, loc, condition, onTrue, onFalse);
}

static Type like(Type shape, Type element) {
  if (auto vector = dyn_cast<VectorType>(shape))
    return vector.cloneWith(std::nullopt, element);
  return element;
}

/// The bits of f32 values rounded to bf16, ties to even; NaN stays NaN.
static Value bf16Bits(OpBuilder &b, Location loc, Value value) {
  Type wide = like(value.getType(), b.getI32Type()), narrow = like(value.getType(), b.getI16Type());
  auto constant = [&](int64_t c) -> Value {
    TypedAttr attr = b.getI32IntegerAttr(static_cast<int32_t>(c));
    if (auto vector = dyn_cast<VectorType>(wide))
      attr = SplatElementsAttr::get(vector, Attribute(attr));
    return arith::ConstantOp::create(b, loc, attr);
  };
  Value bits = arith::BitcastOp::create(b, loc, wide, value);
  Value upper = arith::ShRUIOp::create(b, loc, bits, constant(16));
  Value odd = arith::AndIOp::create(b, loc, upper, constant(1));
  Value bias = arith::AddIOp::create(b, loc, odd, constant(0x7fff));
  Value rounded = arith::ShRUIOp::create(b, loc, arith::AddIOp::create(b, loc, bits, bias), constant(16));
  Value isNan = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, value, value);
  Value quiet = arith::OrIOp::create(b, loc, upper, constant(0x40));
  return arith::TruncIOp::create(b, loc, narrow, arith::SelectOp::create(b, loc, isNan, quiet, rounded));
}

static Value fromBf16Bits(OpBuilder &b, Location loc, Value bits) {
  Type wide = like(bits.getType(), b.getI32Type());
  TypedAttr sixteen = b.getI32IntegerAttr(16);
  if (auto vector = dyn_cast<VectorType>(wide))
    sixteen = SplatElementsAttr::get(vector, Attribute(sixteen));
  Value extended = arith::ExtUIOp::create(b, loc, wide, bits);
  Value shifted = arith::ShLIOp::create(b, loc, extended, arith::ConstantOp::create(b, loc, sixteen));
  return arith::BitcastOp::create(b, loc, like(bits.getType(), b.getF32Type()), shifted);
}

/// From memory to the compute type.
static Value afterLoad(OpBuilder &b, Location loc, Value value, Type element) {
  if (element.isBF16())
    return fromBf16Bits(b, loc, value);
  if (element.isInteger(1)) {
    Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(value.getType()));
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, value, zero);
  }
  if (isa<FloatType>(element) && computeType(element) != element)
    return arith::ExtFOp::create(b, loc, like(value.getType(), computeType(element)), value);
  return value;
}

/// From the compute type to memory.
static Value beforeStore(OpBuilder &b, Location loc, Value value, Type element) {
  if (element.isBF16())
    return bf16Bits(b, loc, value);
  if (element.isInteger(1))
    return arith::ExtUIOp::create(b, loc, like(value.getType(), b.getI8Type()), value);
  if (isa<FloatType>(element) && computeType(element) != element)
    return arith::TruncFOp::create(b, loc, like(value.getType(), element), value);
  return value;
}

Value ElementEmitter::roundTo(Value value, Type element) {
  if (!isa<FloatType>(element) || computeType(element) == element)
    return value;
  return afterLoad(b, loc, beforeStore(b, loc, value, element), element);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Value ElementEmitter::load(const Buffer &buffer, Type element, ArrayRef<Index> index) {
  Index at = addConstant(linearize(index, buffer.strides), buffer.offset);
  Type storage = storageType(element);
  Value value;
  if (at.isUniform()) {
    value = memref::LoadOp::create(b, loc, buffer.memref, at.base);
  } else {
    auto type = VectorType::get({laneCount}, storage);
    if (!at.lanes && at.step == 1) {
      value = vector::LoadOp::create(b, loc, type, buffer.memref, ValueRange{at.base});
    } else {
      auto maskType = VectorType::get({laneCount}, b.getI1Type());
      Value mask = arith::ConstantOp::create(b, loc, DenseElementsAttr::get(maskType, true));
      Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(type));
      value = vector::GatherOp::create(b, loc, type, buffer.memref, ValueRange{indexConstant(0)},
                                       positions(at), mask, zero);
    }
  }
  return afterLoad(b, loc, value, element);
}

void ElementEmitter::store(Value value, const Buffer &buffer, Type element, ArrayRef<Index> index) {
  Index at = addConstant(linearize(index, buffer.strides), buffer.offset);
  value = beforeStore(b, loc, value, element);
  if (at.isUniform()) {
    memref::StoreOp::create(b, loc, value, buffer.memref, at.base);
    return;
  }
  value = broadcast(value);
  if (!at.lanes && at.step == 1) {
    if (mask)
      vector::MaskedStoreOp::create(b, loc, buffer.memref, ValueRange{at.base}, mask, value);
    else
      vector::StoreOp::create(b, loc, value, buffer.memref, ValueRange{at.base});
    return;
  }
  if (mask) {
    vector::ScatterOp::create(b, loc, /*result=*/Type(), buffer.memref, ValueRange{indexConstant(0)}, positions(at), mask,
                              value);
    return;
  }
  Value all = positions(at);
  for (int64_t lane = 0; lane < laneCount; ++lane) {
    Value position = vector::ExtractOp::create(b, loc, all, lane);
    Value scalar = vector::ExtractOp::create(b, loc, value, lane);
    memref::StoreOp::create(b, loc, scalar, buffer.memref, position);
  }
}

//===----------------------------------------------------------------------===//
// Index arithmetic
//===----------------------------------------------------------------------===//

Value ElementEmitter::indexConstant(int64_t value) { return arith::ConstantIndexOp::create(b, loc, value); }

template <typename Op> static Value foldedIndexOp(OpBuilder &b, Location loc, Value x, Value y) {
  return b.createOrFold<Op>(loc, x, y);
}

static bool isConstant(Value v, int64_t c) { return getConstantIntValue(v) == c; }

Index ElementEmitter::add(const Index &x, const Index &y) {
  if (!x.lanes && !y.lanes) {
    if (isConstant(y.base, 0))
      return {x.base, x.step + y.step, {}};
    if (isConstant(x.base, 0))
      return {y.base, x.step + y.step, {}};
    return {foldedIndexOp<arith::AddIOp>(b, loc, x.base, y.base), x.step + y.step, {}};
  }
  Value px = broadcast(positions(x)), py = broadcast(positions(y));
  return {{}, 0, arith::AddIOp::create(b, loc, px, py)};
}

Index ElementEmitter::multiply(const Index &x, int64_t factor) {
  if (factor == 1)
    return x;
  if (factor == 0)
    return constantIndex(0);
  if (!x.lanes)
    return {foldedIndexOp<arith::MulIOp>(b, loc, x.base, indexConstant(factor)), x.step * factor, {}};
  return {{}, 0, arith::MulIOp::create(b, loc, x.lanes, broadcast(indexConstant(factor)))};
}

Index ElementEmitter::divide(const Index &x, int64_t divisor) {
  if (divisor == 1)
    return x;
  if (x.isUniform())
    return {foldedIndexOp<arith::DivSIOp>(b, loc, x.base, indexConstant(divisor)), 0, {}};
  return {{}, 0, arith::DivSIOp::create(b, loc, positions(x), broadcast(indexConstant(divisor)))};
}

Index ElementEmitter::modulo(const Index &x, int64_t divisor) {
  if (divisor == 1)
    return constantIndex(0);
  if (x.isUniform())
    return {foldedIndexOp<arith::RemSIOp>(b, loc, x.base, indexConstant(divisor)), 0, {}};
  return {{}, 0, arith::RemSIOp::create(b, loc, positions(x), broadcast(indexConstant(divisor)))};
}

Index ElementEmitter::fromValue(Value integer) {
  if (auto type = dyn_cast<VectorType>(integer.getType())) {
    Type indexVector = type.cloneWith(std::nullopt, b.getIndexType());
    return {{}, 0, arith::IndexCastOp::create(b, loc, indexVector, integer)};
  }
  return {arith::IndexCastOp::create(b, loc, b.getIndexType(), integer), 0, {}};
}

Value ElementEmitter::positions(const Index &x) {
  if (x.lanes)
    return x.lanes;
  if (x.step == 0)
    return x.base;
  SmallVector<Attribute> steps;
  for (int64_t lane = 0; lane < laneCount; ++lane)
    steps.push_back(b.getIndexAttr(lane * x.step));
  auto type = VectorType::get({laneCount}, b.getIndexType());
  Value offsets = arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, steps));
  return arith::AddIOp::create(b, loc, broadcast(x.base), offsets);
}

Value ElementEmitter::inBounds(const Index &x, int64_t size) {
  // One unsigned comparison: a negative position is a very large one.
  Value p = positions(x), bound = indexConstant(size);
  unify(p, bound);
  return b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::ult, p, bound);
}

Index ElementEmitter::guarded(const Index &x, Value condition) {
  Value p = positions(x);
  Value zero = indexConstant(0);
  Value chosen = select(condition, p, zero);
  if (isa<VectorType>(chosen.getType()))
    return {{}, 0, chosen};
  return {chosen, 0, {}};
}

Index ElementEmitter::linearize(ArrayRef<Index> index, ArrayRef<int64_t> strides) {
  Index sum = constantIndex(0);
  for (auto [i, stride] : llvm::zip(index, strides))
    if (stride != 0)
      sum = add(sum, multiply(i, stride));
  return sum;
}

SmallVector<Index> ElementEmitter::delinearize(const Index &linear, ArrayRef<int64_t> shape) {
  SmallVector<Index> index(shape.size(), constantIndex(0));
  Index rest = linear;
  for (int64_t d = static_cast<int64_t>(shape.size()) - 1; d >= 0; --d) {
    bool last = product(shape.take_front(d)) == 1;
    if (shape[d] != 1)
      index[d] = last ? rest : modulo(rest, shape[d]);
    if (last)
      break;
    rest = divide(rest, shape[d]);
  }
  return index;
}

SmallVector<Index> ElementEmitter::broadcastIndex(ArrayRef<Index> index, ArrayRef<int64_t> shape) {
  SmallVector<Index> result;
  ArrayRef<Index> aligned = index.take_back(shape.size());
  for (auto [i, size] : llvm::zip(aligned, shape))
    result.push_back(size == 1 ? constantIndex(0) : i);
  return result;
}

} // namespace tenon::codegen
