#include "tools/tenon/InspectModel.h"
#include "frontend/onnx/Importer.h"
#include "tools/tenon/Output.h"
#include "llvm/ADT/StringExtras.h"
#include <fmt/core.h>
#include <optional>

namespace tenon::cli {

namespace {

/// Everything that is printed.
struct ModelReport {
  std::map<std::string, int64_t> operators;
  std::vector<const onnx::ValueInfo *> inputs;
  std::vector<std::string> assumed, unsupported, warnings;
  int64_t nodes = 0, parameters = 0, parameterBytes = 0;
  std::optional<uint64_t> flops;
};

void countOperators(const onnx::Graph &graph, ModelReport &report) {
  for (const onnx::Node &node : graph.nodes) {
    ++report.nodes;
    ++report.operators[(node.domain.empty() ? "" : node.domain + "::") + node.opType];
    for (const onnx::GraphPtr &inner : node.subgraphs())
      countOperators(*inner, report);
  }
  for (const onnx::TensorData &tensor : graph.initializers) {
    report.parameters += tensor.numElements();
    report.parameterBytes += tensor.sizeInBytes();
  }
}

/// The options with a size for everything that the model leaves open.
onnx::ImportOptions closeDims(const ModelReport &given, const CompilerOptions &options, ModelReport &report) {
  onnx::ImportOptions import;
  import.shapes = options.shapes;
  import.dims = options.dims;
  for (const onnx::ValueInfo *input : given.inputs) {
    if (!input->type.hasRank || import.shapes.count(input->name))
      continue;
    std::vector<int64_t> shape;
    bool unnamed = false;
    for (const onnx::Dim &dim : input->type.dims) {
      if (dim.kind == onnx::Dim::Symbol && import.dims.emplace(dim.symbol, 1).second)
        report.assumed.push_back(dim.symbol + " = 1");
      unnamed |= dim.kind == onnx::Dim::Unknown;
      shape.push_back(dim.kind == onnx::Dim::Fixed    ? dim.size
                      : dim.kind == onnx::Dim::Symbol ? import.dims[dim.symbol]
                                                      : 1);
    }
    if (!unnamed)
      continue;
    import.shapes[input->name] = shape;
    report.assumed.push_back(input->name + "'s unnamed dimensions = 1");
  }
  return import;
}

void importAndCost(const onnx::Model &model, const CompilerOptions &options, ModelReport &report) {
  onnx::Diagnostics problems(/*maxKept=*/100000);
  Compiler compiler(options); // for its context
  auto module = onnx::importModel(model, closeDims(report, options, report), compiler.getContext(), problems);
  for (const onnx::Diagnostic &diagnostic : problems.list())
    (diagnostic.severity == onnx::Severity::Error ? report.unsupported : report.warnings).push_back(diagnostic.str());
  if (!module)
    return;
  uint64_t flops = 0;
  module->walk([&](tn::CostOpInterface op) { flops += op.getFlops(); });
  report.flops = flops;
}

void printReport(const std::string &path, const onnx::Model &model, const ModelReport &report) {
  fmt::print("{}: ONNX, IR version {}", path, model.irVersion);
  for (auto &[domain, version] : model.opsets)
    fmt::print(", opset {}{}", domain.empty() ? "" : domain + " ", version);
  if (!model.producerName.empty())
    fmt::print(", by {} {}", model.producerName, model.producerVersion);
  fmt::print("\ninputs:\n");
  for (const onnx::ValueInfo *input : report.inputs)
    fmt::print("  {}: {}\n", input->name, input->type.str());
  fmt::print("outputs:\n");
  for (const onnx::ValueInfo &output : model.graph.outputs)
    fmt::print("  {}: {}\n", output.name, output.type.str());
  fmt::print("parameters: {} in {} tensors ({})\n", llvm::StringRef(formatCount(report.parameters)).rtrim().str(),
             model.graph.initializers.size(), formatBytes(report.parameterBytes));
  if (report.flops)
    fmt::print("operations: {}flop{}{}\n", formatCount(*report.flops), report.assumed.empty() ? "" : " with ",
               llvm::join(report.assumed, ", "));
  fmt::print("nodes: {}\n", report.nodes);
  std::vector<std::pair<int64_t, std::string>> sorted;
  for (auto &[name, count] : report.operators)
    sorted.emplace_back(-count, name);
  llvm::sort(sorted);
  for (auto &[count, name] : sorted)
    fmt::print("{:6} {}\n", -count, name);
  for (const std::string &warning : report.warnings)
    fmt::print("{}\n", warning);
  if (report.unsupported.empty())
    fmt::print("Tenon can import all of it.\n");
  else
    fmt::print("Tenon cannot compile it ({} problems):\n", report.unsupported.size());
  for (const std::string &problem : report.unsupported)
    fmt::print("{}\n", problem);
}

int printJsonReport(const std::string &path, const onnx::Model &model, const ModelReport &report) {
  llvm::json::Array inputs, outputs;
  for (const onnx::ValueInfo *input : report.inputs)
    inputs.push_back(llvm::json::Object{{"name", input->name}, {"type", input->type.str()}});
  for (const onnx::ValueInfo &output : model.graph.outputs)
    outputs.push_back(llvm::json::Object{{"name", output.name}, {"type", output.type.str()}});
  llvm::json::Object opsets, operators;
  for (auto &[domain, version] : model.opsets)
    opsets[domain.empty() ? "ai.onnx" : domain] = version;
  for (auto &[name, count] : report.operators)
    operators[name] = count;
  llvm::json::Value flops = report.flops ? llvm::json::Value(static_cast<double>(*report.flops)) : nullptr;
  return printJson(llvm::json::Object{{"file", path},
                                      {"format", "onnx"},
                                      {"ir_version", model.irVersion},
                                      {"opsets", std::move(opsets)},
                                      {"producer", model.producerName},
                                      {"inputs", std::move(inputs)},
                                      {"outputs", std::move(outputs)},
                                      {"nodes", report.nodes},
                                      {"operators", std::move(operators)},
                                      {"parameters", report.parameters},
                                      {"parameter_bytes", report.parameterBytes},
                                      {"flops", std::move(flops)},
                                      {"assumed", llvm::json::Array(report.assumed)},
                                      {"warnings", llvm::json::Array(report.warnings)},
                                      {"unsupported", llvm::json::Array(report.unsupported)}})
             ? kOk
             : kInputOutput;
}

} // namespace

int inspectModel(const std::string &path, const CompilerOptions &options, bool json) {
  onnx::Diagnostics problems;
  auto model = onnx::Model::load(path, {}, problems);
  if (!model) {
    printError(problems.str());
    return static_cast<int>(problems.status());
  }
  ModelReport report;
  for (const onnx::ValueInfo &input : model->graph.inputs)
    if (!model->graph.findInitializer(input.name) && !model->graph.findSparseInitializer(input.name))
      report.inputs.push_back(&input);
  countOperators(model->graph, report);
  importAndCost(*model, options, report);
  if (json)
    return printJsonReport(path, *model, report);
  printReport(path, *model, report);
  return kOk;
}

} // namespace tenon::cli
