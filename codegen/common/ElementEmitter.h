//===- ElementEmitter.h - Code for single elements of tensor programs ----===//
//
// A kernel's body says in tn operations what each result is. The emitter turns it inside out: asked for the
// element of a tensor at an index, it emits the code that computes it, from the buffers that the kernel
// reads. An index may cover a vector of neighbouring positions ("lanes"), so that the same description gives
// vector code: how an index moves from lane to lane is known at compile time and decides between a scalar
// load that is broadcast, a vector load and a gather.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_CODEGEN_COMMON_ELEMENTEMITTER_H
#define TENON_CODEGEN_COMMON_ELEMENTEMITTER_H

#include "ir/Dialect.h"
#include "mlir/IR/Builders.h"
#include <functional>
#include <map>
#include <optional>

namespace tenon::codegen {

/// Least and greatest of some positions.
using Bounds = std::optional<std::pair<int64_t, int64_t>>;

/// Position along one dimension, for all lanes: `base + lane * step`, or any vector of positions in `lanes`.
struct Index {
  mlir::Value base;  ///< of type index
  int64_t step = 0;  ///< positions from one lane to the next
  mlir::Value lanes; ///< vector of index, if the positions follow no step
  /// Least and greatest position of all lanes, where a loop promises them: conditions are decided when
  /// compiling.
  Bounds bounds = std::nullopt;

  bool isUniform() const { return !lanes && step == 0; }
};

/// A tensor in memory: a one-dimensional memref, the position of the first element and element strides.
struct Buffer {
  mlir::Value memref;
  int64_t offset = 0;
  llvm::SmallVector<int64_t> strides;
};

/// Element type in which values of `element` are computed: f32 for narrower floats, signless integers.
mlir::Type computeType(mlir::Type element);
/// Element type that memory holds values of `element` in: i8 for booleans.
mlir::Type storageType(mlir::Type element);

class ElementEmitter {
public:
  /// `lanes`: vector length; 1 emits scalar code.
  ElementEmitter(mlir::OpBuilder &b, mlir::Location loc, int64_t lanes);

  mlir::OpBuilder &builder() { return b; }
  mlir::Location getLoc() const { return loc; }
  int64_t getLanes() const { return laneCount; }

  /// The element of `tensor` at `index`; a scalar where no lane differs from another.
  mlir::Value element(mlir::Value tensor, llvm::ArrayRef<Index> index);
  /// As element, but a vector even where all lanes agree.
  mlir::Value vectorElement(mlir::Value tensor, llvm::ArrayRef<Index> index);

  using Provider = std::function<mlir::Value(ElementEmitter &, llvm::ArrayRef<Index>)>;
  /// Makes `tensor` available: elements come from memory, or from a function.
  void bind(mlir::Value tensor, Buffer buffer);
  void bind(mlir::Value tensor, Provider provider);
  /// Takes over what another emitter has bound.
  void bindAll(const ElementEmitter &other);

  mlir::Value load(const Buffer &buffer, mlir::Type element, llvm::ArrayRef<Index> index);
  void store(mlir::Value value, const Buffer &buffer, mlir::Type element, llvm::ArrayRef<Index> index);

  /// Restricts loads and stores of whole vectors to the lanes of a vector of i1; a null value lifts that.
  void setMask(mlir::Value lanes) { mask = lanes; }
  /// A mask of the first `count` lanes; null for all of them.
  mlir::Value firstLanes(int64_t count);

  /// Runs `body` in a scope of its own: what it emits is not reused outside (the code may be in a nested
  /// region).
  template <typename Function> auto scoped(Function body) {
    ScopeGuard guard(*this);
    return body();
  }

  // Values of the vector-or-scalar kind that the current index calls for.
  mlir::Value constant(mlir::Type element, double value);
  mlir::Value broadcast(mlir::Value value);
  /// Gives both values the same shape.
  void unify(mlir::Value &a, mlir::Value &b);
  mlir::Value select(mlir::Value condition, mlir::Value onTrue, mlir::Value onFalse);
  /// Rounds a value of the compute type to what `element` can hold.
  mlir::Value roundTo(mlir::Value value, mlir::Type element);

  // Index arithmetic.
  mlir::Value indexConstant(int64_t value);
  Index constantIndex(int64_t value) { return {indexConstant(value), 0, {}}; }
  Index add(const Index &a, const Index &b);
  Index addConstant(const Index &a, int64_t c) { return add(a, constantIndex(c)); }
  Index multiply(const Index &a, int64_t factor);
  Index divide(const Index &a, int64_t divisor);
  Index modulo(const Index &a, int64_t divisor);
  /// An integer value (scalar or vector) as an index.
  Index fromValue(mlir::Value integer);
  /// Bounds of all positions: promised ones, or those of a constant.
  Bounds boundsOf(const Index &a);
  /// All positions as a vector, or the base where uniform.
  mlir::Value positions(const Index &a);
  /// condition: 0 <= a < size, i1 or a vector of it; a constant where the bounds of `a` decide it.
  mlir::Value inBounds(const Index &a, int64_t size);
  /// `a` where the condition holds, else 0.
  Index guarded(const Index &a, mlir::Value condition);
  Index linearize(llvm::ArrayRef<Index> index, llvm::ArrayRef<int64_t> strides);
  llvm::SmallVector<Index> delinearize(const Index &linear, llvm::ArrayRef<int64_t> shape);
  /// `index` into `outer` as an index into a tensor of `shape` that is broadcast to it.
  llvm::SmallVector<Index> broadcastIndex(llvm::ArrayRef<Index> index, llvm::ArrayRef<int64_t> shape);

private:
  struct ScopeGuard {
    explicit ScopeGuard(ElementEmitter &e) : emitter(e), saved(e.cache) {}
    ~ScopeGuard() { emitter.cache = std::move(saved); }
    ElementEmitter &emitter;
    std::map<std::pair<void *, std::vector<std::pair<void *, int64_t>>>, mlir::Value> saved;
  };

  mlir::Value emit(mlir::Value tensor, llvm::ArrayRef<Index> index);

  mlir::OpBuilder &b;
  mlir::Location loc;
  int64_t laneCount;
  mlir::Value mask;
  llvm::DenseMap<mlir::Value, Provider> providers;
  std::map<std::pair<void *, std::vector<std::pair<void *, int64_t>>>, mlir::Value> cache;
  llvm::DenseMap<std::pair<mlir::Block *, int64_t>, mlir::Value> constants;
};

} // namespace tenon::codegen

#include "codegen/common/Interfaces.h.inc"

namespace tenon::codegen {
/// The value of a condition that is decided when compiling.
std::optional<bool> knownCondition(mlir::Value condition);
/// Attaches IndexableOpInterface to the operations of the tn dialect.
void registerIndexableModels(mlir::DialectRegistry &registry);
/// True if the emitter knows elements of the operation's results.
bool isIndexable(mlir::Operation *op);
} // namespace tenon::codegen

#endif
