#include "Patterns.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Transform/IR/TransformDialect.h"
#include "mlir/Dialect/Transform/IR/TransformOps.h"
#include "mlir/Dialect/Transform/Transforms/TransformInterpreterUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace tenon::upstream {

namespace {

std::string join(llvm::ArrayRef<int64_t> numbers, llvm::StringRef separator) {
  std::string text;
  for (int64_t number : numbers)
    text += (text.empty() ? "" : separator.str()) + std::to_string(number);
  return text;
}

std::string list(llvm::ArrayRef<int64_t> numbers) { return "[" + join(numbers, ", ") + "]"; }
std::string shaped(llvm::StringRef kind, llvm::ArrayRef<int64_t> shape) {
  return (kind + "<" + join(shape, "x") + "xf32>").str();
}

/// Whether `to` is `from` with a dimension of size 1 behind the first.
bool putsUnitDimension(llvm::ArrayRef<int64_t> from, llvm::ArrayRef<int64_t> to) {
  if (to.size() != from.size() + 1 || llvm::is_contained(from, 0))
    return false;
  for (size_t p = 1; p < to.size(); ++p)
    if (to[p] == 1 && to.take_front(p) == from.take_front(p) && to.drop_front(p + 1) == from.drop_front(p))
      return true;
  return false;
}

/// The write as a function of vector and tensor.
std::string writeIntoSlice(llvm::ArrayRef<int64_t> from, llvm::ArrayRef<int64_t> to) {
  SmallVector<int64_t> zeros(to.size(), 0), ones(to.size(), 1);
  std::string slice = list(zeros) + " " + list(to) + " " + list(ones), vector = shaped("vector", from),
              small = shaped("tensor", from), large = shaped("tensor", to);
  SmallVector<std::string> indices(from.size(), "%c0");
  return llvm::formatv(R"(
    func.func @f(%v: {0}, %t: {2}) -> {2} {{
      %c0 = arith.constant 0 : index
      %s = tensor.extract_slice %t{3} : {2} to {1}
      %w = vector.transfer_write %v, %s[{4}] : {0}, {1}
      %i = tensor.insert_slice %w into %t{3} : {1} into {2}
      return %i : {2}
    })",
                       vector, small, large, slice, llvm::join(indices, ", "));
}

/// Has MLIR vectorize the function of a module.
LogicalResult vectorize(ModuleOp module) {
  auto script = parseSourceString<ModuleOp>(R"(
    module attributes {transform.with_named_sequence} {
      transform.named_sequence @__transform_main(%root: !transform.any_op {transform.readonly}) {
        %f = transform.structured.match ops{["func.func"]} in %root : (!transform.any_op) -> !transform.any_op
        %g = transform.structured.vectorize_children_and_apply_patterns %f : (!transform.any_op) -> !transform.any_op
        transform.yield
      }
    })",
                                            module.getContext());
  if (!script)
    return failure();
  auto sequence = *script->getOps<transform::NamedSequenceOp>().begin();
  return transform::applyTransformNamedSequence(module, sequence, *script, transform::TransformOptions());
}

/// How much of each of the vector's dimensions MLIR's form of the write reaches; nothing if it has kept the slice.
std::optional<SmallVector<int64_t>> reachOfWrite(ModuleOp module) {
  auto function = *module.getOps<func::FuncOp>().begin();
  auto write = function.getBody().front().getTerminator()->getOperand(0).getDefiningOp<vector::TransferWriteOp>();
  if (!write || write.getBase() != function.getArgument(1))
    return std::nullopt;
  SmallVector<int64_t> reach;
  for (auto [size, result] : llvm::zip_equal(write.getVectorType().getShape(), write.getPermutationMap().getResults()))
    reach.push_back(std::min(size, write.getShapedType().getDimSize(cast<AffineDimExpr>(result).getPosition())));
  return reach;
}

struct UnsqueezeByInsertSlice : RewritePattern {
  explicit UnsqueezeByInsertSlice(MLIRContext *context) : RewritePattern("tn.reshape", 1, context) {}

  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    auto from = cast<RankedTensorType>(op->getOperand(0).getType()),
         to = cast<RankedTensorType>(op->getResult(0).getType());
    if (!from.getElementType().isF32() || !putsUnitDimension(from.getShape(), to.getShape()))
      return failure();
    auto scratch = parseSourceString<ModuleOp>(writeIntoSlice(from.getShape(), to.getShape()), op->getContext());
    if (!scratch || failed(vectorize(*scratch)))
      return failure();
    auto reach = reachOfWrite(*scratch);
    if (!reach || llvm::equal(*reach, from.getShape()))
      return failure();
    // The part that is written begins at the origin; behind it the tensor is as it was, zero.
    SmallVector<int64_t> inside(to.getShape().size() - reach->size(), 1), zeros(to.getShape().size(), 0), behind;
    inside.append(*reach);
    for (auto [whole, part] : llvm::zip_equal(to.getShape(), inside))
      behind.push_back(whole - part);
    SmallVector<int64_t> origin(reach->size(), 0), steps(reach->size(), 1);
    rewriter.replaceOp(
        op, insertFunction(rewriter, op, op->getOperand(0),
                           llvm::formatv(R"(
      func.func @f(%v: {0}) -> {3} {{
        %0 = tn.slice %v {4} {5} {6} : {0} -> {1}
        %1 = tn.reshape %0 : {1} -> {2}
        %2 = tn.pad %1 constant {7} {8} 0.0 : {2} -> {3}
        return %2 : {3}
      })",
                                         shaped("tensor", from.getShape()), shaped("tensor", *reach),
                                         shaped("tensor", inside), shaped("tensor", to.getShape()), list(origin),
                                         list(*reach), list(steps), list(zeros), list(behind))));
    return success();
  }
};

} // namespace

Value insertFunction(RewriterBase &rewriter, Operation *op, ValueRange arguments, const std::string &text) {
  auto module = parseSourceString<ModuleOp>(text, op->getContext());
  auto function = *module->getOps<func::FuncOp>().begin();
  IRMapping mapping;
  mapping.map(function.getArguments(), arguments);
  rewriter.setInsertionPoint(op);
  for (Operation &inner : function.getBody().front().without_terminator())
    rewriter.clone(inner, mapping)->setLoc(op->getLoc());
  return mapping.lookup(function.getBody().front().getTerminator()->getOperand(0));
}

void addInsertSlicePattern(RewritePatternSet &patterns) { patterns.add<UnsqueezeByInsertSlice>(patterns.getContext()); }

} // namespace tenon::upstream
