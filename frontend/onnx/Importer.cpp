#include "frontend/onnx/Importer.h"
#include "frontend/onnx/Constants.h"
#include "frontend/onnx/NodeImporter.h"
#include "frontend/onnx/OpRegistry.h"
#include "ir/Constant.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace tenon::onnx {

namespace {

/// The values of one graph by name. A null value is one whose node could not be imported: nodes that read it
/// are skipped.
struct Scope {
  const Graph &graph;
  std::unordered_map<std::string, Value> values;
};

/// Imports the main graph and the branches that are taken.
class GraphImporter {
public:
  GraphImporter(const Model &model, const ImportOptions &options, MLIRContext &context, Diagnostics &diags)
      : model(model), options(options), diags(diags), builder(&context) {
    scopes.push_back({model.graph, {}});
  }

  OwningOpRef<ModuleOp> run();

private:
  void addArguments(func::FuncOp function);
  RankedTensorType argumentType(const ValueInfo &input);
  std::optional<int64_t> resolve(const ValueInfo &input, size_t i);
  void importNode(const Node &node);
  void importIf(const Node &node);
  const OpEntry *findEntry(const Node &node);
  bool hasRightArity(const Node &node, const OpEntry &entry);
  void addOutputs(func::FuncOp function);
  /// The value of a name; null if it is poisoned. Initializers become constants where they are first read.
  Value lookup(const std::string &name);
  Value materialize(const Graph &graph, const std::string &name);
  void define(const std::string &name, Value value) {
    if (!name.empty())
      scopes.back().values[name] = value;
  }
  void reportOpenDims();

  const Model &model;
  const ImportOptions &options;
  Diagnostics &diags;
  OpBuilder builder;
  std::vector<Scope> scopes; ///< the innermost graph is the last
  llvm::SetVector<StringRef> openDims;
  std::vector<std::string> openInputs;
};

} // namespace

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

/// The size of dimension `i`, or nothing if it is left open, which is noted.
std::optional<int64_t> GraphImporter::resolve(const ValueInfo &input, size_t i) {
  const Dim &dim = input.type.dims[i];
  if (dim.kind == Dim::Fixed)
    return dim.size;
  if (dim.kind == Dim::Symbol) {
    auto it = options.dims.find(dim.symbol);
    if (it != options.dims.end())
      return it->second;
    openDims.insert(dim.symbol);
    return std::nullopt;
  }
  openInputs.push_back(quoted(input.name) + " dimension " + std::to_string(i));
  return std::nullopt;
}

RankedTensorType GraphImporter::argumentType(const ValueInfo &input) {
  Type element =
      input.type.kind == ValueType::Tensor ? convertElementType(input.type.elementType, builder.getContext()) : Type();
  if (!element) {
    diags.error(Status::Unsupported,
                "input " + quoted(input.name) + " has type " + input.type.str() + ", which Tenon does not support");
    return {};
  }
  if (auto it = options.shapes.find(input.name); it != options.shapes.end()) {
    if (input.type.hasRank && input.type.dims.size() != it->second.size())
      diags.error(Status::Malformed, "the shape given for input " + quoted(input.name) + " has " +
                                         std::to_string(it->second.size()) + " dimensions, the model declares " +
                                         input.type.str());
    return RankedTensorType::get(it->second, element);
  }
  if (!input.type.hasRank) {
    openInputs.push_back(quoted(input.name) + " (rank not known)");
    return {};
  }
  SmallVector<int64_t> shape;
  for (size_t i = 0; i < input.type.dims.size(); ++i)
    if (auto size = resolve(input, i))
      shape.push_back(*size);
  return shape.size() == input.type.dims.size() ? RankedTensorType::get(shape, element) : RankedTensorType();
}

void GraphImporter::reportOpenDims() {
  if (!openDims.empty()) {
    std::string names = llvm::join(openDims, ", ");
    diags.error(Status::Unsupported, "dimensions are left open: " + names)
        .notes.push_back("give each a size: --dim " + openDims.front().str() + "=8, or --shape input:1x3x224x224");
  }
  if (!openInputs.empty())
    diags.error(Status::Unsupported, "shapes are left open: " + llvm::join(openInputs, ", "))
        .notes.push_back("give the input a shape: --shape input:1x3x224x224");
}

void GraphImporter::addArguments(func::FuncOp function) {
  Block *block = &function.getBody().front();
  SmallVector<Type> types;
  for (const ValueInfo &input : model.graph.inputs) {
    if (model.graph.findInitializer(input.name) || model.graph.findSparseInitializer(input.name) ||
        options.constants.count(input.name))
      continue;
    RankedTensorType type = argumentType(input);
    if (type && !fitsBytes(type, options.maxTensorBytes)) {
      diags.error(Status::LimitExceeded, "input " + quoted(input.name) + " of type " + describeType(type) +
                                             " has a negative dimension or exceeds the limit for one tensor");
      type = {};
    }
    if (!type) {
      define(input.name, Value());
      continue;
    }
    Location loc = NameLoc::get(builder.getStringAttr(input.name));
    define(input.name, block->addArgument(type, loc));
    types.push_back(type);
  }
  function.setFunctionType(builder.getFunctionType(types, {}));
  for (BlockArgument argument : block->getArguments())
    function.setArgAttr(argument.getArgNumber(), "tn.name", mlir::cast<NameLoc>(argument.getLoc()).getName());
  reportOpenDims();
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

Value GraphImporter::lookup(const std::string &name) {
  for (Scope &scope : llvm::reverse(scopes)) {
    if (auto it = scope.values.find(name); it != scope.values.end())
      return it->second;
    bool isConstant = scope.graph.findInitializer(name) || scope.graph.findSparseInitializer(name) ||
                      (&scope.graph == &model.graph && options.constants.count(name));
    if (isConstant)
      return scope.values[name] = materialize(scope.graph, name);
  }
  return {};
}

/// The constant that an initializer, or an input with a known value, stands for.
Value GraphImporter::materialize(const Graph &graph, const std::string &name) {
  const TensorData *data = graph.findInitializer(name);
  if (auto it = options.constants.find(name); it != options.constants.end() && &graph == &model.graph)
    data = &it->second;
  if (!data) {
    diags.error(Status::Unsupported, "initializer " + quoted(name) + " is sparse, which Tenon does not support");
    return {};
  }
  mlir::Attribute attr = constantAttribute(*data, builder.getContext(), name);
  if (!attr) {
    diags.error(Status::Unsupported, "initializer " + quoted(name) + " has element type " +
                                         std::string(elementTypeName(data->type())) + ", which Tenon does not support");
    return {};
  }
  auto type = RankedTensorType::get(data->dims(), convertElementType(data->type(), builder.getContext()));
  return tn::ConstantOp::create(builder, NameLoc::get(builder.getStringAttr(name)), type, attr);
}

const OpEntry *GraphImporter::findEntry(const Node &node) {
  const OpRegistry &registry = OpRegistry::get();
  if (const OpEntry *entry = registry.find(node.domain, node.opType, node.opset))
    return entry;
  std::string op = (node.domain.empty() ? "" : node.domain + "::") + node.opType;
  std::string message = "Tenon does not support operator " + op;
  if (auto first = registry.firstVersion(node.domain, node.opType))
    message += " of opset " + std::to_string(node.opset) + " (it does from opset " + std::to_string(*first) + " on)";
  Diagnostic &diagnostic = diags.error(Status::Unsupported, message, node.name);
  std::string note = "opset " + std::to_string(node.opset) + ", inputs (";
  for (auto [i, name] : llvm::enumerate(node.inputs)) {
    Value value = name.empty() ? Value() : lookup(name);
    note += (i ? ", " : "") + (value ? describeType(value.getType()) : std::string(name.empty() ? "-" : "?"));
  }
  diagnostic.notes.push_back(note + ")");
  return nullptr;
}

bool GraphImporter::hasRightArity(const Node &node, const OpEntry &entry) {
  bool complete = node.inputs.size() <= entry.maxInputs;
  for (unsigned i = 0; i < entry.minInputs; ++i)
    complete &= node.hasInput(i);
  if (!complete)
    diags.error(Status::Malformed,
                node.opType + " has " + std::to_string(node.inputs.size()) + " inputs; it takes " +
                    std::to_string(entry.minInputs) +
                    (entry.maxInputs == entry.minInputs ? ""
                     : entry.maxInputs == anyNumber     ? " or more"
                                                        : " to " + std::to_string(entry.maxInputs)),
                node.name);
  return complete;
}

/// A branch whose condition is known is imported in place; its inner values stay in a scope of their own.
void GraphImporter::importIf(const Node &node) {
  Value condition = node.hasInput(0) ? lookup(node.inputs[0]) : Value();
  if (!condition)
    return;
  std::optional<Tensor> known = tn::constantValue(condition);
  if (!known || known->getNumElements() != 1) {
    diags.error(Status::Unsupported, "Tenon does not support If with a condition that is computed at run time",
                node.name);
    return;
  }
  const Attribute *branch = node.findAttribute(known->get(0).i ? "then_branch" : "else_branch");
  const GraphPtr *graph = branch ? branch->getIf<GraphPtr>() : nullptr;
  if (!graph || (*graph)->outputs.size() != node.outputs.size()) {
    diags.error(Status::Malformed, "If has no branches, or one whose outputs are not those of the node", node.name);
    return;
  }
  scopes.push_back({**graph, {}});
  for (const Node &inner : (*graph)->nodes)
    importNode(inner);
  SmallVector<Value> results;
  for (const ValueInfo &output : (*graph)->outputs)
    results.push_back(lookup(output.name));
  scopes.pop_back();
  for (auto [name, value] : llvm::zip(node.outputs, results))
    define(name, value);
}

void GraphImporter::importNode(const Node &node) {
  for (const std::string &output : node.outputs)
    define(output, Value());
  if (node.opType == "If" && node.domain.empty())
    return importIf(node);
  const OpEntry *entry = findEntry(node);
  if (!entry || !hasRightArity(node, *entry))
    return;
  SmallVector<Value> inputs;
  bool poisoned = false;
  for (const std::string &name : node.inputs) {
    inputs.push_back(name.empty() ? Value() : lookup(name));
    poisoned |= !name.empty() && !inputs.back();
  }
  if (poisoned)
    return;
  NodeImporter importer(node, inputs, builder, diags, options.maxTensorBytes);
  bool imported = succeeded(entry->import(importer));
  if (importer.hasError() || !importer.attrs.finish(diags))
    return;
  if (!imported)
    return (void)importer.malformed("the node can't be imported");
  for (auto [name, value] : llvm::zip(node.outputs, importer.takenResults()))
    define(name, value);
}

//===----------------------------------------------------------------------===//
// Outputs
//===----------------------------------------------------------------------===//

/// Warns where the model declares an output otherwise than its nodes compute it.
static void checkDeclaration(const ValueInfo &output, RankedTensorType type, Diagnostics &diags) {
  const ValueType &declared = output.type;
  if (declared.kind != ValueType::Tensor)
    return;
  Type element = convertElementType(declared.elementType, type.getContext());
  bool agrees = declared.elementType == ElementType::Undefined || element == type.getElementType();
  if (declared.hasRank) {
    agrees &= static_cast<int64_t>(declared.dims.size()) == type.getRank();
    for (size_t d = 0; agrees && d < declared.dims.size(); ++d)
      agrees = declared.dims[d].kind != Dim::Fixed || declared.dims[d].size == type.getDimSize(d);
  }
  if (!agrees)
    diags.warning("output " + quoted(output.name) + " is declared as " + declared.str() + " but computed as " +
                  describeType(type));
}

void GraphImporter::addOutputs(func::FuncOp function) {
  SmallVector<Value> results;
  SmallVector<Type> types;
  for (const ValueInfo &output : model.graph.outputs) {
    Value value = lookup(output.name);
    if (!value)
      return;
    checkDeclaration(output, typeOf(value), diags);
    results.push_back(value);
    types.push_back(value.getType());
  }
  func::ReturnOp::create(builder, builder.getUnknownLoc(), results);
  function.setFunctionType(builder.getFunctionType(function.getArgumentTypes(), types));
  for (auto [i, output] : llvm::enumerate(model.graph.outputs))
    function.setResultAttr(i, "tn.name", builder.getStringAttr(output.name));
}

/// Erases what constant folding left behind.
static void eraseDeadOps(func::FuncOp function) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(function.getBody().front())))
    if (isOpTriviallyDead(&op))
      op.erase();
}

OwningOpRef<ModuleOp> GraphImporter::run() {
  Location loc = builder.getUnknownLoc();
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  builder.setInsertionPointToEnd(module->getBody());
  auto function = func::FuncOp::create(builder, loc, "main", builder.getFunctionType({}, {}));
  builder.setInsertionPointToEnd(function.addEntryBlock());
  addArguments(function);
  for (const Node &node : model.graph.nodes)
    importNode(node);
  addOutputs(function);
  if (diags.errorCount())
    return {};
  eraseDeadOps(function);
  if (failed(verify(*module))) {
    diags.error(Status::Malformed, "internal error: the imported module is not valid");
    return {};
  }
  return module;
}

OwningOpRef<ModuleOp> importModel(const Model &model, const ImportOptions &options, MLIRContext &context,
                                  Diagnostics &diags) {
  context.loadDialect<tn::TnDialect, func::FuncDialect>();
  return GraphImporter(model, options, context, diags).run();
}

} // namespace tenon::onnx
