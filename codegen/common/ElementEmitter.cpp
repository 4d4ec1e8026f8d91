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

/// Floats of one byte, which are handled as bits.
static bool isFloat8(Type element) {
  return isa<Float8E4M3FNType, Float8E4M3FNUZType, Float8E5M2Type, Float8E5M2FNUZType>(element);
}

Type storageType(Type element) {
  if (auto integer = dyn_cast<IntegerType>(element))
    return IntegerType::get(element.getContext(), std::max(8u, integer.getWidth()));
  if (element.isBF16())
    return IntegerType::get(element.getContext(), 16);
  if (isFloat8(element))
    return IntegerType::get(element.getContext(), 8);
  return element;
}

bool isIndexable(Operation *op) { return isa<tn::ElementwiseOpInterface, IndexableOpInterface, tn::ConstantOp>(op); }

ElementEmitter::ElementEmitter(OpBuilder &b, Location loc, int64_t lanes) : b(b), loc(loc), laneCount(lanes) {}

void ElementEmitter::bind(Value tensor, Provider provider) { providers[tensor] = std::move(provider); }

void ElementEmitter::bind(Value tensor, Buffer buffer) {
  Type element = cast<RankedTensorType>(tensor.getType()).getElementType();
  bind(tensor, [buffer, element](ElementEmitter &e, ArrayRef<Index> index) { return e.load(buffer, element, index); });
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

Value ElementEmitter::vectorElement(Value tensor, ArrayRef<Index> index) { return broadcast(element(tensor, index)); }

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
      operands.push_back(
          this->element(operand, broadcastIndex(index, cast<RankedTensorType>(operand.getType()).getShape())));
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
      b, loc, IntegerAttr::get(type, APInt(type.getIntOrFloatBitWidth(), static_cast<int64_t>(value), true, true)));
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
  if (std::optional<bool> known = knownCondition(condition))
    return *known ? onTrue : onFalse;
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

namespace {
/// Conversions between f32 and a float of one byte: sign, exponent, `mantissa` bits.
class Float8 {
public:
  Float8(OpBuilder &b, Location loc, Type shape, Type element) : b(b), loc(loc), shape(shape) {
    mantissa = isa<Float8E5M2Type, Float8E5M2FNUZType>(element) ? 2 : 3;
    hasNegativeZero = isa<Float8E4M3FNType, Float8E5M2Type>(element);
    bias = (mantissa == 2 ? 15 : 7) + !hasNegativeZero;
    // The first magnitude that is no finite number, and those of NaN.
    firstSpecial = !hasNegativeZero ? 0x80 : mantissa == 2 ? 0x7c : 0x7f;
    nan = !hasNegativeZero ? 0x80 : mantissa == 2 ? 0x7e : 0x7f;
  }

  /// The bits moved to where f32 has them are the value but for a power of two, denormal ones included.
  Value decode(Value bits) {
    Value wide = arith::ExtUIOp::create(b, loc, i32(), bits);
    Value magnitude = arith::AndIOp::create(b, loc, wide, constant(0x7f));
    Value moved = arith::ShLIOp::create(b, loc, magnitude, constant(23 - mantissa));
    Value value = arith::MulFOp::create(b, loc, toFloat(moved), toFloat(constant((127 + 127 - bias) << 23)));
    Value special, sign = arith::AndIOp::create(b, loc, wide, constant(0x80));
    Value signBits = arith::ShLIOp::create(b, loc, sign, constant(24));
    Value result = arith::OrIOp::create(b, loc, toBits(value), signBits);
    if (!hasNegativeZero) {
      special = compare(arith::CmpIPredicate::eq, wide, constant(nan));
      return toFloat(arith::SelectOp::create(b, loc, special, constant(0x7fc00000), result));
    }
    // Infinity (only with two mantissa bits) and NaN; a mantissa that is not zero stays one.
    special = compare(arith::CmpIPredicate::uge, magnitude, constant(firstSpecial));
    Value rest = mantissa == 2 ? Value(arith::ShLIOp::create(b, loc, magnitude, constant(21))) : constant(0x7fc00000);
    rest = arith::OrIOp::create(b, loc, arith::OrIOp::create(b, loc, rest, constant(0x7f800000)), signBits);
    return toFloat(arith::SelectOp::create(b, loc, special, rest, result));
  }

  /// Rounds to nearest, ties to even. What is too large becomes infinity where there is one, else NaN.
  Value encode(Value x) {
    Value bits = toBits(x), magnitude = arith::AndIOp::create(b, loc, bits, constant(0x7fffffff));
    Value code = chooseDenormal(magnitude, roundNormal(magnitude));
    Value tooLarge = compare(arith::CmpIPredicate::uge, code, constant(firstSpecial));
    code = arith::SelectOp::create(b, loc, tooLarge, constant(firstSpecial), code);
    Value isNan = compare(arith::CmpIPredicate::ugt, magnitude, constant(0x7f800000));
    code = arith::SelectOp::create(b, loc, isNan, constant(nan), code);
    Value shifted = arith::ShRUIOp::create(b, loc, bits, constant(24));
    Value sign = arith::AndIOp::create(b, loc, shifted, constant(0x80));
    if (!hasNegativeZero) {
      // The negative zero's bits mean NaN.
      Value isZero = compare(arith::CmpIPredicate::eq, code, constant(0));
      sign = arith::SelectOp::create(b, loc, isZero, constant(0), sign);
    }
    return arith::TruncIOp::create(b, loc, like(shape, b.getI8Type()), arith::OrIOp::create(b, loc, code, sign));
  }

private:
  /// Adding half a unit of the last place but one bit, or all of it for odd results, and cutting off.
  Value roundNormal(Value magnitude) {
    int64_t cut = 23 - mantissa;
    Value odd = arith::AndIOp::create(b, loc, arith::ShRUIOp::create(b, loc, magnitude, constant(cut)), constant(1));
    Value half = arith::AddIOp::create(b, loc, odd, constant((1 << (cut - 1)) - 1));
    Value sum = arith::AddIOp::create(b, loc, magnitude, half);
    Value code = arith::ShRUIOp::create(b, loc, sum, constant(cut));
    return arith::SubIOp::create(b, loc, code, constant((127 - bias) << mantissa));
  }

  /// Below the least normal number, a float addition to a number with the right unit in the last place
  /// rounds.
  Value chooseDenormal(Value magnitude, Value normal) {
    Value unit = constant((127 + 1 - bias - mantissa + 23) << 23);
    Value sum = arith::AddFOp::create(b, loc, toFloat(magnitude), toFloat(unit));
    Value code = arith::SubIOp::create(b, loc, toBits(sum), unit);
    Value isSmall = compare(arith::CmpIPredicate::ult, magnitude, constant((127 + 1 - bias) << 23));
    return arith::SelectOp::create(b, loc, isSmall, code, normal);
  }

  Type i32() { return like(shape, b.getI32Type()); }
  Value toFloat(Value bits) { return arith::BitcastOp::create(b, loc, like(shape, b.getF32Type()), bits); }
  Value toBits(Value value) { return arith::BitcastOp::create(b, loc, i32(), value); }
  Value compare(arith::CmpIPredicate predicate, Value x, Value y) {
    return arith::CmpIOp::create(b, loc, predicate, x, y);
  }
  Value constant(int64_t c) {
    TypedAttr attr = b.getI32IntegerAttr(static_cast<int32_t>(c));
    if (auto vector = dyn_cast<VectorType>(i32()))
      attr = SplatElementsAttr::get(vector, Attribute(attr));
    return arith::ConstantOp::create(b, loc, attr);
  }

  OpBuilder &b;
  Location loc;
  Type shape;
  int64_t mantissa, bias, firstSpecial, nan;
  bool hasNegativeZero;
};
} // namespace

/// From memory to the compute type.
static Value afterLoad(OpBuilder &b, Location loc, Value value, Type element) {
  if (element.isBF16())
    return fromBf16Bits(b, loc, value);
  if (isFloat8(element))
    return Float8(b, loc, value.getType(), element).decode(value);
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
  if (isFloat8(element))
    return Float8(b, loc, value.getType(), element).encode(value);
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

Value ElementEmitter::firstLanes(int64_t count) {
  if (count >= laneCount)
    return {};
  SmallVector<bool> bits(laneCount, false);
  std::fill(bits.begin(), bits.begin() + count, true);
  auto type = VectorType::get({laneCount}, b.getI1Type());
  return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, ArrayRef<bool>(bits)));
}

Value ElementEmitter::load(const Buffer &buffer, Type element, ArrayRef<Index> index) {
  Index at = addConstant(linearize(index, buffer.strides), buffer.offset);
  Type storage = storageType(element);
  Value value;
  if (at.isUniform()) {
    value = memref::LoadOp::create(b, loc, buffer.memref, at.base);
  } else {
    auto type = VectorType::get({laneCount}, storage);
    bool contiguous = !at.lanes && at.step == 1;
    Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(type));
    if (contiguous && !mask) {
      value = vector::LoadOp::create(b, loc, type, buffer.memref, ValueRange{at.base});
    } else if (!at.lanes && !mask) {
      // Evenly spaced elements are put together one by one, which is faster than a gather.
      SmallVector<Value> elements;
      for (int64_t i = 0; i < laneCount; ++i)
        elements.push_back(
            memref::LoadOp::create(b, loc, buffer.memref, addConstant({at.base, 0, {}}, i * at.step).base));
      value = vector::FromElementsOp::create(b, loc, type, elements);
    } else if (contiguous) {
      value = vector::MaskedLoadOp::create(b, loc, type, buffer.memref, ValueRange{at.base}, mask, zero);
    } else {
      auto maskType = VectorType::get({laneCount}, b.getI1Type());
      Value lanes = mask ? mask : arith::ConstantOp::create(b, loc, DenseElementsAttr::get(maskType, true));
      value = vector::GatherOp::create(b, loc, type, buffer.memref, ValueRange{indexConstant(0)}, positions(at), lanes,
                                       zero);
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
    vector::ScatterOp::create(b, loc, /*result=*/Type(), buffer.memref, ValueRange{indexConstant(0)}, positions(at),
                              mask, value);
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

std::optional<bool> knownCondition(Value condition) {
  if (std::optional<int64_t> value = getConstantIntValue(condition))
    return *value != 0;
  return std::nullopt;
}

/// Quotient of all positions, if they share one.
static std::optional<int64_t> commonQuotient(const Bounds &bounds, int64_t divisor) {
  if (!bounds || bounds->first < 0 || bounds->first / divisor != bounds->second / divisor)
    return std::nullopt;
  return bounds->first / divisor;
}

Bounds ElementEmitter::boundsOf(const Index &x) {
  if (x.bounds || x.lanes)
    return x.bounds;
  if (std::optional<int64_t> base = getConstantIntValue(x.base))
    return std::minmax({*base, *base + (laneCount - 1) * x.step});
  return std::nullopt;
}

Index ElementEmitter::add(const Index &x, const Index &y) {
  Bounds bounds;
  if (x.bounds || y.bounds)
    if (Bounds bx = boundsOf(x), by = boundsOf(y); bx && by)
      bounds = std::pair(bx->first + by->first, bx->second + by->second);
  if (!x.lanes && !y.lanes) {
    if (isConstant(y.base, 0))
      return {x.base, x.step + y.step, {}, bounds};
    if (isConstant(x.base, 0))
      return {y.base, x.step + y.step, {}, bounds};
    return {foldedIndexOp<arith::AddIOp>(b, loc, x.base, y.base), x.step + y.step, {}, bounds};
  }
  Value px = broadcast(positions(x)), py = broadcast(positions(y));
  return {{}, 0, arith::AddIOp::create(b, loc, px, py), bounds};
}

Index ElementEmitter::multiply(const Index &x, int64_t factor) {
  if (factor == 1)
    return x;
  if (factor == 0)
    return constantIndex(0);
  Bounds bounds;
  if (x.bounds)
    bounds = std::minmax({x.bounds->first * factor, x.bounds->second * factor});
  if (!x.lanes)
    return {foldedIndexOp<arith::MulIOp>(b, loc, x.base, indexConstant(factor)), x.step * factor, {}, bounds};
  return {{}, 0, arith::MulIOp::create(b, loc, x.lanes, broadcast(indexConstant(factor))), bounds};
}

Index ElementEmitter::divide(const Index &x, int64_t divisor) {
  if (divisor == 1)
    return x;
  if (std::optional<int64_t> quotient = commonQuotient(boundsOf(x), divisor))
    return constantIndex(*quotient);
  Bounds bounds;
  if (x.bounds && x.bounds->first >= 0)
    bounds = std::pair(x.bounds->first / divisor, x.bounds->second / divisor);
  if (x.isUniform())
    return {foldedIndexOp<arith::DivSIOp>(b, loc, x.base, indexConstant(divisor)), 0, {}, bounds};
  return {{}, 0, arith::DivSIOp::create(b, loc, positions(x), broadcast(indexConstant(divisor))), bounds};
}

Index ElementEmitter::modulo(const Index &x, int64_t divisor) {
  if (divisor == 1)
    return constantIndex(0);
  if (std::optional<int64_t> quotient = commonQuotient(boundsOf(x), divisor))
    return addConstant(x, -*quotient * divisor);
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
  Bounds bounds = boundsOf(x);
  if (bounds && bounds->first >= 0 && bounds->second < size)
    return arith::ConstantIntOp::create(b, loc, 1, 1);
  if (bounds && (bounds->second < 0 || bounds->first >= size))
    return arith::ConstantIntOp::create(b, loc, 0, 1);
  // One unsigned comparison: a negative position is a very large one.
  Value p = positions(x), bound = indexConstant(size);
  unify(p, bound);
  return b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::ult, p, bound);
}

Index ElementEmitter::guarded(const Index &x, Value condition) {
  if (std::optional<bool> known = knownCondition(condition))
    return *known ? x : constantIndex(0);
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
