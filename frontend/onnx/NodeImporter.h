// What an operator's import function works with: one node, its operands, and a builder that never aborts.
//
//   static LogicalResult importFlatten(NodeImporter &n) {
//     int64_t axis = n.attrs.getInt("axis", 1);
//     ...
//     return n.result(n.reshape(n.input(0), {rows, columns}));
//   }

#ifndef TENON_FRONTEND_ONNX_NODEIMPORTER_H
#define TENON_FRONTEND_ONNX_NODEIMPORTER_H

#include "frontend/onnx/Constants.h"
#include "frontend/onnx/Model.h"
#include "frontend/onnx/OpRegistry.h"
#include "ir/Dialect.h"

namespace tenon::onnx {

inline mlir::RankedTensorType typeOf(mlir::Value v) { return mlir::cast<mlir::RankedTensorType>(v.getType()); }
inline llvm::ArrayRef<int64_t> shapeOf(mlir::Value v) { return typeOf(v).getShape(); }
inline mlir::Type elementOf(mlir::Value v) { return typeOf(v).getElementType(); }
inline bool isFloat(mlir::Value v) { return mlir::isa<mlir::FloatType>(elementOf(v)); }
inline int64_t rankOf(mlir::Value v) { return typeOf(v).getRank(); }

/// Imports one node. Everything that emits returns a null value when the result would be invalid (that is
/// then reported) or when an operand is null, so import functions may chain calls and hand the last value to
/// result(); they must check for null before they look at the type of an emitted value. Values of input() are
/// never null.
class NodeImporter {
public:
  NodeImporter(const Node &node, llvm::ArrayRef<mlir::Value> inputs, mlir::OpBuilder &builder, Diagnostics &diags,
               int64_t maxTensorBytes);

  const Node &node;
  AttributeReader attrs;

  int64_t opset() const { return node.opset; }
  mlir::MLIRContext *context() { return builder.getContext(); }
  mlir::OpBuilder &getBuilder() { return builder; }
  mlir::Location getLoc() const { return loc; }

  //===--- Operands -------------------------------------------------------===//

  unsigned numInputs() const { return operands.size(); }
  bool has(unsigned i) const { return i < operands.size() && operands[i]; }
  /// Operand `i`, which must be there: the registry's entry has minInputs above `i`, or has(i).
  mlir::Value input(unsigned i) const { return operands[i]; }
  /// Operand `i` or null.
  mlir::Value optionalInput(unsigned i) const { return has(i) ? operands[i] : mlir::Value(); }
  llvm::ArrayRef<mlir::Value> inputs() const { return operands; }
  bool wantsOutput(unsigned i) const { return node.hasOutput(i); }

  /// The elements of an integer operand that must be constant; reports and gives nothing if it is not.
  std::optional<llvm::SmallVector<int64_t>> constantInts(unsigned i, llvm::StringRef what);
  /// The value of a one-element operand that must be constant.
  std::optional<double> constantNumber(unsigned i, llvm::StringRef what);
  /// The list in an attribute; empty if it is absent.
  llvm::SmallVector<int64_t> attributeInts(llvm::StringRef name);
  /// A list that stands in attribute `name` or, in later opsets, in operand `i`: that operand's elements if
  /// it is there, else the attribute's, else an empty list. Nothing after an error.
  std::optional<llvm::SmallVector<int64_t>> ints(llvm::StringRef name, unsigned i);

  /// `axis` counted from the front; reports and gives nothing if it is not in [-rank, rank).
  std::optional<int64_t> axis(int64_t axis, int64_t rank);
  /// The same for a list, which is sorted; a dimension named twice is an error.
  std::optional<llvm::SmallVector<int64_t>> axes(llvm::ArrayRef<int64_t> axes, int64_t rank);

  //===--- Emitting -------------------------------------------------------===//

  /// Emits an operation whose result types follow from its operands; folds it if it is constant or an
  /// identity.
  template <typename OpTy, typename... Args> mlir::Value emit(Args &&...args) {
    auto values = emitMany<OpTy, 1>(std::forward<Args>(args)...);
    return values.empty() ? mlir::Value() : values[0];
  }
  /// The same with `count` results; empty after an error.
  template <typename OpTy, unsigned count, typename... Args> llvm::SmallVector<mlir::Value> emitMany(Args &&...args) {
    llvm::SmallVector<mlir::Type> placeholders(count, builder.getNoneType());
    return emitAs<OpTy>(placeholders, true, std::forward<Args>(args)...);
  }
  /// Emits an operation of a given result type.
  template <typename OpTy, typename... Args> mlir::Value emitTyped(mlir::RankedTensorType type, Args &&...args) {
    auto values = emitAs<OpTy>(llvm::SmallVector<mlir::Type>{type}, false, std::forward<Args>(args)...);
    return values.empty() ? mlir::Value() : values[0];
  }

  mlir::Value reshape(mlir::Value v, llvm::ArrayRef<int64_t> shape);
  mlir::Value transpose(mlir::Value v, llvm::ArrayRef<int64_t> permutation);
  mlir::Value broadcast(mlir::Value v, llvm::ArrayRef<int64_t> shape);
  mlir::Value cast(mlir::Value v, mlir::Type elementType);
  /// Elements [begin, end) along one dimension.
  mlir::Value sliceAxis(mlir::Value v, int64_t axis, int64_t begin, int64_t end);
  mlir::Value reduce(tn::ReduceKind kind, mlir::Value v, llvm::ArrayRef<int64_t> axes);
  /// Sum over `axes` divided by their size.
  mlir::Value mean(mlir::Value v, llvm::ArrayRef<int64_t> axes);

  /// A constant of shape [].
  mlir::Value scalar(mlir::Type elementType, double value);
  mlir::Value splat(mlir::RankedTensorType type, double value);
  /// A constant with the element type of `like` and shape [].
  mlir::Value scalarLike(mlir::Value like, double value) {
    return like ? scalar(elementOf(like), value) : mlir::Value();
  }
  /// An i64 constant.
  mlir::Value intConstant(llvm::ArrayRef<int64_t> values, llvm::ArrayRef<int64_t> shape);
  mlir::Value constant(const Tensor &tensor);

  //===--- Results --------------------------------------------------------===//

  /// Sets the node's results; a null value is a failure. Outputs beyond `values` must not be wanted.
  llvm::LogicalResult results(llvm::ArrayRef<mlir::Value> values);
  llvm::LogicalResult result(mlir::Value value) { return results({value}); }
  llvm::ArrayRef<mlir::Value> takenResults() const { return produced; }

  //===--- Errors ---------------------------------------------------------===//

  /// Reports that Tenon does not have what the node asks for: "does not support " + what.
  llvm::LogicalResult unsupported(const llvm::Twine &what);
  /// Reports that the node breaks the rules of ONNX.
  llvm::LogicalResult malformed(const llvm::Twine &what);
  /// Whether an error was reported for this node.
  bool hasError() const { return reported; }
  /// Reads an attribute that does not matter for inference.
  void ignore(llvm::StringRef name) { (void)attrs.find(std::string_view(name)); }

private:
  template <typename OpTy, typename... Args>
  llvm::SmallVector<mlir::Value> emitAs(llvm::ArrayRef<mlir::Type> types, bool infer, Args &&...args) {
    if ((isNull(args) || ...))
      return {};
    mlir::OperationState state(loc, OpTy::getOperationName());
    OpTy::build(builder, state, mlir::TypeRange(types), std::forward<Args>(args)...);
    return finish(state, infer);
  }
  template <typename T> static bool isNull(const T &arg) {
    if constexpr (std::is_convertible_v<T, mlir::Value>)
      return !arg;
    else if constexpr (std::is_convertible_v<T, llvm::ArrayRef<mlir::Value>>)
      return llvm::any_of(llvm::ArrayRef<mlir::Value>(arg), [](mlir::Value v) { return !v; });
    else
      return false;
  }
  llvm::SmallVector<mlir::Value> finish(mlir::OperationState &state, bool infer);
  bool inferTypes(mlir::OperationState &state);
  bool fitsLimit(mlir::TypeRange types);
  void describe(Diagnostic &diagnostic);

  llvm::SmallVector<mlir::Value> operands;
  mlir::OpBuilder &builder;
  Diagnostics &diags;
  mlir::Location loc;
  int64_t maxTensorBytes;
  llvm::SmallVector<mlir::Value> produced;
  bool reported = false;
};

} // namespace tenon::onnx

#endif // TENON_FRONTEND_ONNX_NODEIMPORTER_H
