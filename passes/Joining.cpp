//===- Joining.cpp - Tensors written where they are joined ---------------===//
//
// A kernel that only moves is a list of boxes (Pieces.h). The boxes of one input tell where this input, with all that
// lies within it already, would have to lie in the result: a concatenation of concatenations gives views of views, and
// a tensor that was split is put together again for nothing.
//
//===----------------------------------------------------------------------===//
#include "passes/Joining.h"
#include "ir/Constant.h"
#include "mlir/IR/Remarks.h"
#include "passes/Pieces.h"
#include "passes/Steps.h"
#include <map>

using namespace mlir;

namespace tenon {

tn::KernelOp makeKernel(Operation *before, Location loc, ValueRange inputs, const KernelLibrary &library,
                        llvm::function_ref<SmallVector<Value>(OpBuilder &, ValueRange)> build) {
  // The types of the results follow from the body.
  Block body;
  for (Value input : inputs)
    body.addArgument(input.getType(), loc);
  OpBuilder inside(before->getContext());
  inside.setInsertionPointToEnd(&body);
  SmallVector<Value> yielded = build(inside, body.getArguments());
  tn::YieldOp::create(inside, loc, yielded);
  OpBuilder b(before);
  auto kernel = tn::KernelOp::create(b, loc, TypeRange(ValueRange(yielded)), inputs, ValueRange{}, StringAttr(),
                                     DictionaryAttr());
  Block *own = b.createBlock(&kernel.getBody());
  for (BlockArgument argument : body.getArguments())
    argument.replaceAllUsesWith(own->addArgument(argument.getType(), loc));
  own->getOperations().splice(own->end(), body.getOperations());
  const KernelModel *model = library.match(kernel);
  if (!model) {
    kernel.erase();
    return nullptr;
  }
  kernel.setTemplateName(model->getName());
  SmallVector<NamedAttribute> schedules;
  for (const Target *target : library.targets)
    schedules.push_back(b.getNamedAttr(target->name, model->schedule(kernel, *target)));
  kernel.setScheduleAttr(b.getDictionaryAttr(schedules));
  return kernel;
}

namespace {

RankedTensorType typeOf(Value v) { return cast<RankedTensorType>(v.getType()); }

class Joiner {
public:
  Joiner(Block &block, const KernelLibrary &library, const llvm::DenseSet<Value> &outputs,
         llvm::function_ref<int64_t()> bytesAlive, Places &places)
      : block(block), library(library), outputs(outputs), bytesAlive(bytesAlive), places(places) {}

  int64_t run() {
    atMost = bytesAlive();
    limit = atMost + atMost / 10;
    for (tn::KernelOp kernel : llvm::to_vector(block.getOps<tn::KernelOp>()))
      if (std::optional<SmallVector<Piece>> pieces = piecesOf(kernel); pieces && !pieces->empty())
        join(kernel, *pieces);
    return joined;
  }

private:
  void join(tn::KernelOp kernel, ArrayRef<Piece> pieces) {
    placed.clear();
    made.clear();
    std::string obstacle;
    places.absorbed.insert(kernel);
    bool fits = lieInInput(kernel, pieces, obstacle) || lieInResult(kernel, pieces, obstacle);
    int64_t bytes = fits ? bytesWith(kernel) : 0;
    if (bytes > limit) {
      obstacle = std::to_string(bytes) + " bytes would be alive at one step, more than a tenth above what copies need";
      fits = false;
    }
    if (fits && mayStep(kernel, "lay in place")) {
      atMost = bytes;
      ++joined;
      remark::passed(kernel.getLoc(), remark::RemarkOpts::name("in-place").category("tn-plan-memory"))
          << "operands and results are views of the same memory" +
                 (made.empty() ? "" : "; kernels that write the rest: " + std::to_string(made.size())) +
                 (obstacle.empty() ? "" : " (" + obstacle + ")");
      return;
    }
    undo(kernel);
    if (!fits)
      remark::missed(kernel.getLoc(), remark::RemarkOpts::name("copied").category("tn-plan-memory"))
          << "elements are moved: " + obstacle;
  }

  /// Most bytes alive with a kernel absorbed, or a bound within the limit: memory lives longer of one owner only.
  int64_t bytesWith(tn::KernelOp kernel) {
    int64_t bound = atMost + places.bytesOf(places.ownerOf(kernel.getResult(0)));
    return bound <= limit ? bound : bytesAlive();
  }

  void put(Value part, const Place &place) {
    places.put(part, place);
    placed.push_back(part);
  }

  void undo(tn::KernelOp kernel) {
    for (Value part : llvm::reverse(placed))
      places.remove(part);
    for (tn::KernelOp each : made)
      each.erase();
    places.absorbed.erase(kernel);
  }

  /// A slice: the result becomes a part of the input.
  bool lieInInput(tn::KernelOp kernel, ArrayRef<Piece> pieces, std::string &obstacle) {
    Value result = kernel.getResult(0);
    const Piece &piece = pieces[0];
    if (pieces.size() != 1 || !piece.source || outputs.contains(result))
      return false;
    Value input = kernel.getInputs()[piece.source.getArgNumber()], root = rootOf(input);
    if (!isa<BlockArgument>(root) && !root.getDefiningOp<tn::KernelOp>()) {
      obstacle = "the operand is a constant";
      return false;
    }
    put(result, {root, typeOf(input), typeOf(result), piece.from});
    obstacle = places.refusal(places.ownerOf(root));
    if (obstacle.empty())
      return true;
    obstacle = "the result can't lie within the operand: " + obstacle;
    places.remove(placed.pop_back_val());
    return false;
  }

  /// An owner that would have to lie at `at` of the result, seen as `type`, and what of it the kernel puts there.
  struct Candidate {
    Value owner;
    RankedTensorType type;
    SmallVector<int64_t> at;
    SmallVector<size_t> pieces;
    int64_t elements = 0;
  };

  /// A concatenation or padding: inputs become parts of the result.
  bool lieInResult(tn::KernelOp kernel, ArrayRef<Piece> pieces, std::string &obstacle) {
    SmallVector<Candidate> candidates;
    for (auto [p, piece] : llvm::enumerate(pieces))
      if (piece.source)
        if (std::string reason = addCandidate(kernel, p, piece, candidates); !reason.empty())
          obstacle = reason;
    llvm::DenseSet<size_t> inPlace;
    for (const Candidate &candidate : candidates) {
      if (std::string reason = placeCandidate(candidate, kernel.getResult(0)); !reason.empty())
        obstacle = reason;
      else
        inPlace.insert(candidate.pieces.begin(), candidate.pieces.end());
    }
    int64_t moved = 0, kept = 0;
    SmallVector<Piece> rest;
    for (auto [p, piece] : llvm::enumerate(pieces)) {
      if (piece.source)
        (inPlace.contains(p) ? kept : moved) += piece.elements();
      if (!inPlace.contains(p))
        rest.push_back(piece);
    }
    if (kept == 0 || kept < moved)
      return false;
    std::string reason = writeRest(kernel, rest);
    if (!reason.empty())
      obstacle = reason;
    return reason.empty();
  }

  /// Finds what would have to lie where for a piece to be in its place; the reason if nothing may.
  std::string addCandidate(tn::KernelOp kernel, size_t p, const Piece &piece, SmallVector<Candidate> &candidates) {
    Value input = kernel.getInputs()[piece.source.getArgNumber()];
    Candidate found{rootOf(input), typeOf(input), piece.at, {}};
    for (auto [at, from] : llvm::zip_equal(found.at, piece.from))
      at -= from;
    // From a part to what it lies in, as long as both count in the same dimensions.
    while (const Place *place = places.placeOf(found.owner)) {
      if (place->type != found.type || place->wholeType != typeOf(place->whole))
        return "an operand lies within another tensor, in another shape";
      for (auto [at, offset] : llvm::zip_equal(found.at, place->at))
        at -= offset;
      found.owner = place->whole;
      found.type = place->wholeType;
    }
    if (isa<BlockArgument>(found.owner))
      return "an operand is an input of the model";
    if (!found.owner.getDefiningOp<tn::KernelOp>())
      return "an operand is a constant";
    if (outputs.contains(found.owner))
      return "an operand is a result of the model";
    auto same = [&](const Candidate &each) {
      return each.owner == found.owner && each.type == found.type && each.at == found.at;
    };
    auto it = llvm::find_if(candidates, same);
    if (it == candidates.end())
      it = candidates.insert(candidates.end(), found);
    it->pieces.push_back(p);
    it->elements += piece.elements();
    return "";
  }

  /// Why an owner does not become a part of the result; empty if it does.
  std::string placeCandidate(const Candidate &candidate, Value result) {
    if (candidate.elements != candidate.type.getNumElements())
      return "an operand lies within another tensor that is not joined as a whole";
    if (places.placeOf(candidate.owner))
      return "an operand is joined twice";
    put(candidate.owner, {result, typeOf(result), candidate.type, candidate.at});
    std::string reason = places.refusal(result);
    if (reason.empty())
      return "";
    places.remove(placed.pop_back_val());
    return "an operand can't lie within the result: " + reason;
  }

  /// Makes kernels that write what is not there: copies, and fillings, those of one shape by one kernel. Why it can't
  /// be; empty if it can.
  std::string writeRest(tn::KernelOp kernel, ArrayRef<Piece> rest) {
    std::map<std::pair<std::vector<int64_t>, double>, SmallVector<SmallVector<int64_t>>> fillings;
    bool all = true;
    for (const Piece &piece : rest)
      if (piece.source)
        all &= copy(kernel, piece);
      else
        fillings[{{piece.size.begin(), piece.size.end()}, piece.value}].push_back(piece.at);
    for (auto &[box, at] : fillings) {
      auto type = RankedTensorType::get(box.first, typeOf(kernel.getResult(0)).getElementType());
      double value = box.second;
      size_t count = at.size();
      all &= add(kernel, {}, at, [&](OpBuilder &b, ValueRange) {
        return SmallVector<Value>(count, tn::splatConstant(b, kernel.getLoc(), type, value));
      });
    }
    return all ? places.refusal(kernel.getResult(0)) : "no kernel template writes what is not in place";
  }

  bool copy(tn::KernelOp kernel, const Piece &piece) {
    Value input = kernel.getInputs()[piece.source.getArgNumber()];
    return add(kernel, input, {piece.at}, [&](OpBuilder &b, ValueRange arguments) {
      if (typeOf(input).getShape() == ArrayRef(piece.size))
        return SmallVector<Value>{arguments[0]};
      SmallVector<int64_t> steps(piece.size.size(), 1);
      Value slice = tn::SliceOp::create(b, kernel.getLoc(), arguments[0], piece.from, piece.size, steps);
      return SmallVector<Value>{slice};
    });
  }

  /// Makes a kernel whose results are parts of that of `kernel`, at the positions `at`.
  bool add(tn::KernelOp kernel, ValueRange inputs, ArrayRef<SmallVector<int64_t>> at,
           llvm::function_ref<SmallVector<Value>(OpBuilder &, ValueRange)> build) {
    tn::KernelOp writer = makeKernel(kernel, kernel.getLoc(), inputs, library, build);
    if (!writer)
      return false;
    made.push_back(writer);
    Value whole = kernel.getResult(0);
    for (auto [part, position] : llvm::zip_equal(writer.getResults(), at))
      put(part, {whole, typeOf(whole), typeOf(part), position});
    return true;
  }

  Block &block;
  const KernelLibrary &library;
  const llvm::DenseSet<Value> &outputs;
  llvm::function_ref<int64_t()> bytesAlive;
  Places &places;
  int64_t limit = 0, joined = 0;
  int64_t atMost = 0; ///< no more bytes are alive at one step by now
  // For the kernel that is being looked at:
  SmallVector<Value> placed;
  SmallVector<tn::KernelOp> made;
};

} // namespace

int64_t joinBuffers(Block &block, const KernelLibrary &library, const llvm::DenseSet<Value> &outputs,
                    llvm::function_ref<int64_t()> bytesAlive, Places &places) {
  return Joiner(block, library, outputs, bytesAlive, places).run();
}

} // namespace tenon
