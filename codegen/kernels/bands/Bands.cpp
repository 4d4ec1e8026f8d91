//===- Bands.cpp - Kernels that take turns in bands of rows --------------===//
//
// A chain of kernels on maps, of which each reads the result of the one before row by row, or some rows at a time: a
// convolution, a depthwise one that reads it, a convolution that reads that. They take turns: each computes what the
// next one needs for a band of rows. Maps between them exist as windows of some rows in scratch memory, which stay in
// the second-level cache. The stages are lowered by their own templates, as functions that are called for the items of
// a band; they are given pointers to where the first row of the map would lie if the window were part of it.
//
// Rows that two neighbouring bands need (a 3x3 depthwise convolution reads two rows of the band before) are moved to
// the beginning of the window. They are computed again only at the start of a thread's range.
//
// Parallel space: images x bands. Splitting it anywhere gives the same results: a row is the same whatever band it is
// computed for.
//
//===----------------------------------------------------------------------===//
#include "codegen/common/Epilogue.h"
#include "codegen/common/Loops.h"
#include "codegen/kernels/bands/Chain.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace tenon::codegen {
namespace {

/// Emits what spansOf computes.
struct EmittedMath {
  using Number = Value;
  using Condition = Value;
  ElementEmitter &e;
  Value constant(int64_t value) { return e.indexConstant(value); }
  Value add(Value a, int64_t c) { return e.addConstant({a, 0, {}}, c).base; }
  Value add(Value a, Value b) { return e.add({a, 0, {}}, {b, 0, {}}).base; }
  Value subtract(Value a, Value b) { return arith::SubIOp::create(e.builder(), e.getLoc(), a, b); }
  Value multiply(Value a, int64_t c) { return e.multiply({a, 0, {}}, c).base; }
  Value divide(Value a, int64_t c) { return e.divide({a, 0, {}}, c).base; }
  Value ceilDivide(Value a, int64_t c) { return c == 1 ? a : divide(add(a, c - 1), c); }
  Value min(Value a, Value b) { return arith::MinSIOp::create(e.builder(), e.getLoc(), a, b); }
  Value max(Value a, Value b) { return arith::MaxSIOp::create(e.builder(), e.getLoc(), a, b); }
  Value isZero(Value a) { return equal(a, constant(0)); }
  Value equal(Value a, Value b) {
    return arith::CmpIOp::create(e.builder(), e.getLoc(), arith::CmpIPredicate::eq, a, b);
  }
  Value select(Value condition, Value yes, Value no) {
    return arith::SelectOp::create(e.builder(), e.getLoc(), condition, yes, no);
  }
};

MemRefType bufferType(Type type) {
  auto shaped = cast<ShapedType>(type);
  auto memref = dyn_cast<MemRefType>(type);
  return memref ? memref : MemRefType::get(shaped.getShape(), shaped.getElementType());
}

class BandsEmitter {
public:
  BandsEmitter(KernelFunction &fn, const Chain &chain)
      : fn(fn), chain(chain), b(fn.builder()), loc(fn.getLoc()), pointer(LLVM::LLVMPointerType::get(b.getContext())),
        e(fn.emitter(1)), math{e}, lanes(fn.getTarget().floatLanes()) {}

  LogicalResult emit() {
    nested = nestedKernels(fn.getKernel());
    for (size_t s = 0; s < chain.stages.size(); ++s)
      if (failed(emitStage(s)))
        return failure();
    for (size_t s = 0; s < chain.stages.size(); ++s)
      emitPointers(s);
    emitFor(e, fn.getBegin(), fn.getEnd(), 1, {}, [&](Value item, ValueRange) {
      Value image = math.divide(item, chain.bandsPerImage());
      Value band = math.subtract(item, math.multiply(image, chain.bandsPerImage()));
      Value fresh = arith::OrIOp::create(b, loc, math.equal(item, fn.getBegin()), math.isZero(band));
      emitBand(image, spansOf(chain, math, band, fresh));
      return SmallVector<Value>();
    });
    return success();
  }

private:
  // ---- Stages as functions ----

  std::string stageName(size_t s) { return (fn.getFunction().getName() + "_stage" + std::to_string(s)).str(); }
  std::string borderName(size_t s) { return stageName(s) + "_borders"; }
  bool hasBorders(const Stage &stage) const {
    return isa_and_nonnull<tn::PadOp>(tn::KernelOp(stage.kernel).getYield().getValues()[0].getDefiningOp());
  }

  /// The position among the kernel's operands and results of the memory behind operand `i` of stage `s`; nothing for a
  /// window.
  std::optional<unsigned> outerPosition(size_t s, unsigned i) {
    tn::KernelOp stage = nested[s];
    if (i < stage.getInputs().size()) {
      auto argument = dyn_cast<BlockArgument>(stage.getInputs()[i]);
      return argument ? std::optional(argument.getArgNumber()) : std::nullopt;
    }
    return s + 1 == nested.size() ? std::optional<unsigned>(fn.getKernel().getInputs().size()) : std::nullopt;
  }

  MemRefType outerType(unsigned position) {
    tn::KernelOp kernel = fn.getKernel();
    if (position < kernel.getInputs().size())
      return bufferType(kernel.getInputs()[position].getType());
    return bufferType(kernel.isBufferForm() ? kernel.getOutputs()[0].getType() : kernel.getResult(0).getType());
  }

  /// Lowers a stage by its template, to a function for its items and one for the border of its padded rows.
  LogicalResult emitStage(size_t s) {
    tn::KernelOp stage = nested[s];
    SmallVector<Type> types;
    for (unsigned i = 0; i <= stage.getInputs().size(); ++i) {
      std::optional<unsigned> position = outerPosition(s, i);
      bool isInput = i < stage.getInputs().size();
      types.push_back(position ? outerType(*position)
                               : bufferType(isInput ? stage.getInputs()[i].getType() : stage.getResult(0).getType()));
    }
    // The stage in buffer form, for its template to read types off.
    OwningOpRef<ModuleOp> holder = ModuleOp::create(loc);
    OpBuilder inside = OpBuilder::atBlockEnd(holder->getBody());
    auto function = func::FuncOp::create(inside, loc, "stage", b.getFunctionType(types, {}));
    inside.setInsertionPointToEnd(function.addEntryBlock());
    auto planned =
        tn::KernelOp::create(inside, loc, TypeRange{}, function.getArguments().drop_back(),
                             function.getArguments().take_back(), stage.getTemplateNameAttr(), DictionaryAttr());
    IRMapping mapping;
    stage.getBody().cloneInto(&planned.getBody(), mapping);
    auto lower = [&](const std::string &name, llvm::function_ref<LogicalResult(KernelFunction &)> body) {
      OpBuilder stageBuilder(b.getContext());
      KernelFunction lowered(stageBuilder, fn.getFunction()->getParentOfType<ModuleOp>(), name, planned,
                             fn.getTarget());
      lowered.leaveBorders();
      lowered.getFunction().setPrivate();
      lowered.getFunction()->setAttr("llvm.linkage", LLVM::LinkageAttr::get(b.getContext(), LLVM::Linkage::Internal));
      LogicalResult result = body(lowered);
      func::ReturnOp::create(stageBuilder, loc);
      return result;
    };
    if (hasBorders(chain.stages[s]))
      (void)lower(borderName(s), [](KernelFunction &lowered) {
        emitBorders(lowered);
        return success();
      });
    return lower(stageName(s), [&](KernelFunction &lowered) {
      return chain.stages[s].model->lower(lowered, chain.stages[s].schedule);
    });
  }

  // ---- Memory ----

  Value i64(Value index) { return arith::IndexCastOp::create(b, loc, b.getI64Type(), index); }
  Value slot(Value array, unsigned i) {
    return LLVM::GEPOp::create(b, loc, pointer, pointer, array, ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(i)});
  }

  /// The array of pointers that stage `s` is called with, all but those to windows.
  void emitPointers(size_t s) {
    unsigned count = nested[s].getInputs().size() + 1;
    Value length = LLVM::ConstantOp::create(b, loc, b.getI64Type(), b.getI64IntegerAttr(count));
    Value array = LLVM::AllocaOp::create(b, loc, pointer, pointer, length);
    for (unsigned i = 0; i < count; ++i)
      if (std::optional<unsigned> position = outerPosition(s, i)) {
        Value outer = LLVM::LoadOp::create(b, loc, pointer, slot(fn.getFunction().getArgument(0), *position));
        LLVM::StoreOp::create(b, loc, outer, slot(array, i));
      }
    arrays.push_back(array);
  }

  /// Where the result of stage `s` would begin if the window, which begins with row `base` of an image, were a part
  /// of it.
  void emitWindowPointer(size_t s, Value image, Value base) {
    const Stage &stage = chain.stages[s];
    Value row = math.add(math.multiply(image, stage.paddedRows()), base);
    Value bytes = math.subtract(math.constant(chain.windowOffset(s)), math.multiply(row, stage.rowBytes));
    Value at = LLVM::GEPOp::create(b, loc, pointer, b.getI8Type(), fn.getFunction().getArgument(3),
                                   ArrayRef<LLVM::GEPArg>{i64(bytes)});
    LLVM::StoreOp::create(b, loc, at, slot(arrays[s], nested[s].getInputs().size()));
    LLVM::StoreOp::create(b, loc, at, slot(arrays[s + 1], linkOf(nested, s + 1)));
  }

  /// Moves the rows of the window that the band before left, from row `from` of the window on, to its beginning.
  void emitMove(size_t s, Value from, Value count) {
    const Stage &stage = chain.stages[s];
    Type element = cast<RankedTensorType>(nested[s].getResult(0).getType()).getElementType();
    int64_t rowLength = stage.rowBytes / elementBytes(element);
    Value window = fn.scratch(chain.windowOffset(s), storageType(element));
    Value length = math.multiply(count, rowLength), distance = math.multiply(from, rowLength);
    Value whole = rowLength % lanes == 0 ? length : math.multiply(math.divide(length, lanes), lanes);
    auto vectorType = VectorType::get({lanes}, storageType(element));
    emitFor(e, e.indexConstant(0), whole, lanes, {}, [&](Value i, ValueRange) {
      Value value = vector::LoadOp::create(b, loc, vectorType, window, ValueRange{math.add(i, distance)});
      vector::StoreOp::create(b, loc, value, window, ValueRange{i});
      return SmallVector<Value>();
    });
    if (whole == length)
      return;
    emitFor(e, whole, length, 1, {}, [&](Value i, ValueRange) {
      Value value = memref::LoadOp::create(b, loc, window, ValueRange{math.add(i, distance)});
      memref::StoreOp::create(b, loc, value, window, ValueRange{i});
      return SmallVector<Value>();
    });
  }

  // ---- Bands ----

  void emitBand(Value image, ArrayRef<StageSpan<Value>> spans) {
    for (size_t s = 0; s < chain.stages.size(); ++s) {
      const Stage &stage = chain.stages[s];
      const StageSpan<Value> &span = spans[s];
      if (&stage != &chain.last()) {
        if (stage.keeps)
          emitMove(s, span.kept, math.subtract(span.begin, span.base));
        emitWindowPointer(s, image, span.base);
      }
      if (hasBorders(stage)) {
        Value first = math.multiply(image, stage.paddedRows());
        emitCall(borderName(s), s, math.add(first, span.begin), math.add(first, span.end));
      }
      auto itemOf = [&](Value plane, Value tile) {
        Value row = math.add(math.multiply(plane, stage.images), image);
        return math.multiply(math.add(math.multiply(row, stage.tiles()), tile), stage.items.parts);
      };
      emitForNest(e, {stage.items.planes}, {}, [&](ValueRange plane, ValueRange) {
        emitCall(stageName(s), s, itemOf(plane[0], span.firstTile), itemOf(plane[0], span.endTile));
        return SmallVector<Value>();
      });
    }
  }

  void emitCall(const std::string &name, size_t s, Value begin, Value end) {
    func::CallOp::create(b, loc, name, TypeRange{},
                         ValueRange{arrays[s], i64(begin), i64(end), fn.getFunction().getArgument(3)});
  }

  KernelFunction &fn;
  const Chain &chain;
  OpBuilder &b;
  Location loc;
  Type pointer;
  ElementEmitter e;
  EmittedMath math;
  int64_t lanes;
  SmallVector<tn::KernelOp> nested;
  SmallVector<Value> arrays; ///< pointers that each stage is called with
};

class BandsTemplate : public KernelTemplate {
public:
  llvm::StringRef getName() const override { return "bands"; }

  bool match(tn::KernelOp kernel) const override { return !nestedKernels(kernel).empty(); }

  DictionaryAttr schedule(tn::KernelOp kernel, const Target &target) const override {
    SmallVector<WeighedSchedule> weighed = weigh(kernel, target);
    return weighed.empty() ? DictionaryAttr() : cheapest(weighed);
  }

  SmallVector<WeighedSchedule> weigh(tn::KernelOp kernel, const Target &target) const override {
    SmallVector<DictionaryAttr> stages = stageSchedules(kernel, target);
    SmallVector<WeighedSchedule> weighed = weighBands(kernel, stages);
    if (!weighed.empty())
      return weighed;
    // Of wide maps only few rows fit a window.
    for (auto [i, stage] : llvm::enumerate(nestedKernels(kernel)))
      takeSingleRows(stage, target, stages[i]);
    return weighBands(kernel, stages);
  }
  llvm::StringRef getCostUnit() const override { return "rows"; }

  SmallVector<DictionaryAttr> candidates(tn::KernelOp kernel, const Target &target) const override {
    return llvm::map_to_vector(weigh(kernel, target), [](const WeighedSchedule &each) { return each.schedule; });
  }

  bool accepts(tn::KernelOp kernel, const Target &target, DictionaryAttr schedule) const override {
    std::optional<Chain> chain = chainOf(kernel, schedule);
    return chain && chain->windowBytes() <= kMostBytes && llvm::all_of(chain->stages, [&](const Stage &stage) {
             return stage.model->accepts(stage.kernel, target, stage.schedule);
           });
  }

  int64_t extent(tn::KernelOp kernel, DictionaryAttr schedule) const override {
    return chainOf(kernel, schedule)->bands();
  }

  int64_t scratchBytes(tn::KernelOp kernel, DictionaryAttr schedule) const override {
    std::optional<Chain> chain = chainOf(kernel, schedule);
    return chain->windowOffset(chain->stages.size());
  }

  /// Only the last stage may overwrite what it reads, and only if bands to come have no other use for it.
  bool allowsInPlace(tn::KernelOp kernel, unsigned i, unsigned o) const override {
    BlockArgument argument = kernel.getBlock()->getArgument(i);
    tn::KernelOp last = nestedKernels(kernel).back();
    if (!argument.hasOneUse() || argument.use_begin()->getOwner() != last)
      return false;
    return modelOf(last)->allowsInPlace(last, argument.use_begin()->getOperandNumber(), o);
  }
  bool readsPaddedRows(tn::KernelOp kernel, unsigned i) const override {
    return allReaders(kernel, i, &KernelModel::readsPaddedRows);
  }
  bool writesPaddedRows(tn::KernelOp kernel, unsigned o) const override {
    tn::KernelOp last = nestedKernels(kernel).back();
    return modelOf(last)->writesPaddedRows(last, o);
  }

  LogicalResult lower(KernelFunction &fn, DictionaryAttr schedule) const override {
    std::optional<Chain> chain = chainOf(fn.getKernel(), schedule);
    return BandsEmitter(fn, *chain).emit();
  }

private:
  /// Windows that stay in a second-level cache, beside the operands.
  static constexpr int64_t kMostBytes = 384 << 10;

  static const KernelTemplate *modelOf(tn::KernelOp stage) { return findTemplate(*stage.getTemplateName()); }

  /// All bands whose windows are small enough.
  static SmallVector<WeighedSchedule> weighBands(tn::KernelOp kernel, ArrayRef<DictionaryAttr> stages) {
    SmallVector<WeighedSchedule> weighed;
    std::optional<RowItems> last = stages.empty() ? std::nullopt : rowItemsOfLast(kernel, stages.back());
    if (!last)
      return weighed;
    int64_t most = cast<RankedTensorType>(kernel.getYield().getValues()[0].getType()).getDimSize(last->dim);
    for (int64_t rows = last->tileRows; rows <= most; rows += last->tileRows) {
      // Bands that hold whole tiles may need less than smaller ones.
      std::optional<Chain> chain = makeChain(kernel, rows, stages);
      if (chain && chain->windowBytes() <= kMostBytes)
        weighed.push_back({describe(kernel, rows, stages), costOf(*chain)});
    }
    return weighed;
  }

  /// Replaces the schedule of a stage by the cheapest one whose tiles are single rows, if there is one.
  static void takeSingleRows(tn::KernelOp stage, const Target &target, DictionaryAttr &schedule) {
    const KernelTemplate *model = modelOf(stage);
    SmallVector<WeighedSchedule> weighed = model->weigh(stage, target);
    llvm::erase_if(weighed, [&](const WeighedSchedule &each) {
      std::optional<RowItems> items = model->rowItems(stage, each.schedule);
      return !items || items->tileRows != 1;
    });
    if (!weighed.empty())
      schedule = cheapest(weighed);
  }

  static std::optional<RowItems> rowItemsOfLast(tn::KernelOp kernel, DictionaryAttr schedule) {
    tn::KernelOp last = nestedKernels(kernel).back();
    return modelOf(last)->rowItems(last, schedule);
  }

  static bool allReaders(tn::KernelOp kernel, unsigned i, bool (KernelModel::*accepts)(tn::KernelOp, unsigned) const) {
    return llvm::all_of(kernel.getBlock()->getArgument(i).getUses(), [&](OpOperand &use) {
      auto stage = cast<tn::KernelOp>(use.getOwner());
      return (modelOf(stage)->*accepts)(stage, use.getOperandNumber());
    });
  }

  static SmallVector<DictionaryAttr> stageSchedules(tn::KernelOp kernel, const Target &target) {
    return llvm::map_to_vector(nestedKernels(kernel),
                               [&](tn::KernelOp stage) { return modelOf(stage)->schedule(stage, target); });
  }

  static DictionaryAttr describe(tn::KernelOp kernel, int64_t rows, ArrayRef<DictionaryAttr> stages) {
    Builder b(kernel.getContext());
    return b.getDictionaryAttr({b.getNamedAttr("band", b.getI64IntegerAttr(rows)),
                                b.getNamedAttr("stages", b.getArrayAttr({stages.begin(), stages.end()}))});
  }

  static std::optional<Chain> chainOf(tn::KernelOp kernel, DictionaryAttr schedule) {
    auto rows = schedule.getAs<IntegerAttr>("band");
    auto stages = schedule.getAs<ArrayAttr>("stages");
    if (!rows || !stages || !llvm::all_of(stages, llvm::IsaPred<DictionaryAttr>))
      return std::nullopt;
    return makeChain(kernel, rows.getInt(), llvm::to_vector(stages.getAsRange<DictionaryAttr>()));
  }

  /// Rows that one of two threads computes, where a row that is moved counts as a part of one, times what tiles at the
  /// ends of bands compute again.
  static double costOf(const Chain &chain) {
    constexpr double kMoved = 0.2;
    double moved = 0, again = 1;
    for (size_t s = 0; s < chain.stages.size(); ++s) {
      const Stage &stage = chain.stages[s];
      again = std::max(again, static_cast<double>(stage.computedRows) / static_cast<double>(stage.rows));
      if (stage.keeps) {
        const RowItems &reader = chain.stages[s + 1].items;
        moved = kMoved * static_cast<double>(reader.reach - reader.stride) / static_cast<double>(reader.stride);
      }
    }
    auto bands = static_cast<double>(llvm::divideCeil(chain.bands(), 2));
    return bands * (static_cast<double>(chain.bandRows) + moved) * again;
  }
};

} // namespace

const KernelTemplate &bandsTemplate() {
  static const BandsTemplate instance;
  return instance;
}

} // namespace tenon::codegen
