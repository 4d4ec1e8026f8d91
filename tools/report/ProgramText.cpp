#include "tools/report/ProgramText.h"
#include "ir/Dialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Provenance.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace tenon::report {

namespace {

/// Characters of a name that are kept, from its end, where names of scopes differ.
constexpr size_t kNameLength = 48;

bool isNameCharacter(char c) { return llvm::isAlnum(c) || c == '_' || c == '.' || c == '-' || c == '$'; }

/// A name that the syntax allows after '%'. '$' is left to tell values of one node apart.
std::string identifierOf(llvm::StringRef name) {
  std::string result;
  for (char c : name.take_back(kNameLength))
    result += c == '/' || c == '.' ? '.' : isNameCharacter(c) && c != '$' ? c : '_';
  llvm::StringRef text = llvm::StringRef(result).ltrim(".");
  if (text.empty())
    return "v";
  return (llvm::isAlpha(text[0]) || text[0] == '_' ? "" : "n") + text.str();
}

std::string nameIn(Location loc) {
  llvm::SetVector<StringRef> names;
  collectNames(loc, names);
  return names.empty() ? "" : names.front().str();
}

/// Operations' results are named together: "%x:2 = ...", "%x#1".
Value representative(Value value) {
  Operation *op = value.getDefiningOp();
  return op ? op->getResult(0) : value;
}

} // namespace

ProgramText::ProgramText(ModuleOp module, bool bodies, Sink line)
    : state(module, OpPrintingFlags().elideLargeElementsAttrs(16).skipRegions()), bodies(bodies), line(line) {}

std::string ProgramText::nameOfResult(Operation *op, unsigned i) {
  auto kernel = cast<tn::KernelOp>(op);
  ValueRange values = kernel.getYield().getValues();
  Operation *last = i < values.size() ? values[i].getDefiningOp() : nullptr;
  return last ? nameOf(last) : nameIn(kernel.getLoc()) + ".kernel";
}

/// The node and the operation, so that what a pass adds to a node does not take the names of what was there.
std::string ProgramText::nameOf(Operation *op) {
  if (isa<tn::KernelOp>(op))
    return nameOfResult(op, 0);
  if (auto view = dyn_cast<tn::ViewOp>(op)) {
    std::string &name = held[{view.getBase(), view.getOffset()}];
    for (OpOperand &use : view->getUses())
      if (auto kernel = dyn_cast<tn::KernelOp>(use.getOwner()))
        if (unsigned inputs = kernel.getInputs().size(); use.getOperandNumber() >= inputs)
          name = nameOfResult(kernel, use.getOperandNumber() - inputs);
    return name.empty() ? nameIn(op->getLoc()) : name;
  }
  std::string name = nameIn(op->getLoc()), kind = op->getName().stripDialect().str();
  if (isa<tn::ConstantOp>(op) || llvm::StringRef(name).ends_with_insensitive(kind))
    return name;
  return name + "." + kind;
}

std::string ProgramText::stemOf(Value operand) {
  llvm::StringRef name = names[representative(operand)];
  name.consume_front("%");
  return name.split('$').first.str();
}

void ProgramText::print(ModuleOp module, bool bodies, Sink line) {
  Scope scope;
  ProgramText(module, bodies, line).print(module, 0, scope);
}

void ProgramText::emit(unsigned indent, llvm::StringRef text, Location loc) {
  std::string result(indent, ' ');
  result += text.take_front(kLongest);
  if (text.size() > kLongest)
    result += " ... " + std::to_string(text.size() - kLongest) + " more bytes";
  line(result, loc);
}

void ProgramText::nameValue(Value value, llvm::StringRef wish, Scope &scope) {
  std::string name = identifierOf(wish);
  unsigned taken = scope[name]++;
  names[value] = "%" + (taken ? name + "$" + std::to_string(taken) : name);
}

/// What MLIR calls the value, without the number of the result.
std::string ProgramText::tokenOf(Value value) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  value.printAsOperand(stream, state);
  return text.substr(0, text.find('#'));
}

/// Puts our names into the text of an operation.
std::string ProgramText::rename(llvm::StringRef text, Operation *op) {
  llvm::StringMap<llvm::StringRef> tokens;
  auto know = [&](Value value) { tokens[tokenOf(value)] = names[representative(value)]; };
  for (Value operand : op->getOperands())
    know(operand);
  if (op->getNumResults() > 0)
    know(op->getResult(0));
  if (auto function = dyn_cast<func::FuncOp>(op); function && !function.isExternal())
    for (Value argument : function.getArguments())
      know(argument);
  std::string result;
  bool quoted = false;
  for (size_t i = 0; i < text.size();) {
    size_t end = i + 1;
    if (quoted && text[i] == '\\' && end < text.size())
      ++end;
    else if (text[i] == '"')
      quoted = !quoted;
    else if (text[i] == '%' && !quoted)
      while (end < text.size() && isNameCharacter(text[end]))
        ++end;
    llvm::StringRef token = text.slice(i, end);
    auto it = tokens.find(token);
    result += it == tokens.end() ? token : it->second;
    i = end;
  }
  return result;
}

void ProgramText::printBlock(Block &block, bool isSignature, unsigned indent, Scope &scope) {
  if (!isSignature && block.getNumArguments() > 0) {
    std::string header;
    llvm::raw_string_ostream stream(header);
    stream << "^bb0(";
    llvm::interleaveComma(block.getArguments(), stream, [&](BlockArgument argument) {
      bool isInput = isa<tn::KernelOp>(block.getParentOp());
      nameValue(argument,
                isInput ? stemOf(block.getParentOp()->getOperand(argument.getArgNumber())) : nameIn(argument.getLoc()),
                scope);
      stream << names[argument] << ": " << argument.getType();
    });
    stream << "):";
    emit(indent - 2, header, block.getParentOp()->getLoc());
  }
  for (Operation &op : block)
    print(&op, indent, scope);
}

/// The function that computes the weight block says what is where in it, and stands before the one that reads it.
void ProgramText::noteWeights(Operation *main) {
  auto weights = main->getParentOfType<ModuleOp>().lookupSymbol<func::FuncOp>("weights");
  auto offsets = weights ? weights->getAttrOfType<DenseI64ArrayAttr>("tn.offsets") : nullptr;
  auto function = cast<func::FuncOp>(main);
  if (!offsets || weights.isExternal() || function.getNumArguments() < 2)
    return;
  ValueRange results = weights.getBody().front().getTerminator()->getOperands();
  for (auto [offset, result] : llvm::zip(offsets.asArrayRef(), results))
    held[{function.getArgument(1), offset}] = stemOf(result);
}

void ProgramText::print(Operation *op, unsigned indent, Scope &scope) {
  if (op->getNumResults() > 0)
    nameValue(op->getResult(0), nameOf(op), scope);
  Scope own; // of what is isolated from above, as all that has regions is
  auto function = dyn_cast<func::FuncOp>(op);
  if (function && function->hasAttr("tn.weights_bytes"))
    noteWeights(function);
  if (function && !function.isExternal())
    for (auto [i, argument] : llvm::enumerate(function.getArguments())) {
      auto name = function.getArgAttrOfType<StringAttr>(i, "tn.name");
      nameValue(argument, name ? name.getValue() : nameIn(argument.getLoc()), own);
    }
  std::string text;
  llvm::raw_string_ostream stream(text);
  op->print(stream, state);
  text = rename(text, op);
  constexpr llvm::StringRef kSkipped = "{...}";
  if (isa<ModuleOp>(op)) // its attribute is the compiler's note of the stage, which no pass changes
    text = "module {...}";
  size_t body = llvm::StringRef(text).rfind(kSkipped);
  if (op->getNumRegions() == 0 || body == std::string::npos || (!bodies && isa<tn::KernelOp>(op)))
    return emit(indent, text, op->getLoc());
  emit(indent, llvm::StringRef(text).take_front(body + 1), op->getLoc());
  for (Region &region : op->getRegions())
    for (Block &block : region)
      printBlock(block, function != nullptr, indent + 2, own);
  emit(indent, "}" + text.substr(body + kSkipped.size()), op->getLoc());
}

} // namespace tenon::report
