#include "frontend/onnx/Functions.h"

#include "frontend/onnx/Model.h"
#include "onnx.pb.h"

#include <fmt/format.h>

namespace tenon::onnx {

std::string normalizedDomain(const std::string &domain) { return domain == "ai.onnx" ? "" : domain; }

static std::string domainName(const std::string &domain) { return domain.empty() ? "ai.onnx" : domain; }

OpsetMap readOpsets(const google::protobuf::RepeatedPtrField<OperatorSetIdProto> &imports, const std::string &who,
                    Diagnostics &diags) {
  OpsetMap opsets;
  for (const OperatorSetIdProto &import : imports) {
    std::string domain = normalizedDomain(import.domain());
    int64_t version = import.version();
    int64_t newest = domain.empty() ? maxOpset : domain == "ai.onnx.ml" ? maxMlOpset : INT64_MAX;
    if (version < 1)
      diags.error(Status::Malformed, fmt::format("{} imports version {} of operator set {}; versions start at 1", who,
                                                 version, quoted(domainName(domain))));
    else if (version > newest)
      diags.error(Status::Unsupported,
                  fmt::format("{} imports version {} of operator set {}; Tenon supports versions 1 to {}", who, version,
                              quoted(domainName(domain)), newest));
    auto [entry, isNew] = opsets.try_emplace(domain, version);
    if (!isNew && entry->second != version)
      diags.error(Status::Malformed, fmt::format("{} imports operator set {} in two versions, {} and {}", who,
                                                 quoted(domainName(domain)), entry->second, version));
  }
  return opsets;
}

FunctionTable::FunctionTable(ModelProto &model, Diagnostics &diags) : diags(diags) {
  for (FunctionProto &proto : *model.mutable_functions()) {
    std::string domain = normalizedDomain(proto.domain());
    auto [entry, isNew] = functions.try_emplace({domain, proto.name(), proto.overload()});
    Function &function = entry->second;
    if (!isNew) {
      diags.error(Status::Malformed, fmt::format("function {} is defined twice", quoted(function.displayName)));
      continue;
    }
    function.proto = &proto;
    function.displayName = (domain.empty() ? "" : domain + ".") + proto.name();
    if (!proto.overload().empty())
      function.displayName += ":" + proto.overload();
  }
}

Function *FunctionTable::find(const std::string &domain, const std::string &name, const std::string &overload) {
  if (functions.empty())
    return nullptr;
  auto entry = functions.find({domain, name, overload});
  if (entry == functions.end())
    return nullptr;
  if (!entry->second.checked)
    check(entry->second);
  return &entry->second;
}

void FunctionTable::check(Function &function) {
  function.checked = true;
  std::string who = "function " + quoted(function.displayName);
  auto fail = [&](std::string message) {
    diags.error(Status::Malformed, std::move(message));
    function.valid = false;
  };
  function.opsets = readOpsets(function.proto->opset_import(), who, diags);
  std::unordered_set<std::string_view> defined;
  for (const std::string &input : function.proto->input())
    if (!defined.insert(input).second || input.empty())
      fail(fmt::format("{} has the input {} twice or without a name", who, quoted(input)));
  for (const NodeProto &node : function.proto->node())
    defined.insert(node.output().begin(), node.output().end());
  for (const std::string &output : function.proto->output())
    if (output.empty() || !defined.count(output))
      fail(fmt::format("{} never produces its output {}", who, quoted(output)));
}

std::string UniqueNames::fresh(const std::string &prefix, const std::string &name) {
  std::string base = prefix + "/" + name;
  if (taken.insert(base).second)
    return base;
  for (size_t &suffix = nextSuffix[base];;) {
    std::string candidate = fmt::format("{}.{}", base, ++suffix);
    if (taken.insert(candidate).second)
      return candidate;
  }
}

void UniqueNames::reserve(const GraphProto &graph) {
  for (const ValueInfoProto &input : graph.input())
    taken.insert(input.name());
  for (const TensorProto &initializer : graph.initializer())
    taken.insert(initializer.name());
  for (const SparseTensorProto &initializer : graph.sparse_initializer())
    taken.insert(initializer.values().name());
  for (const NodeProto &node : graph.node()) {
    taken.insert(node.input().begin(), node.input().end());
    taken.insert(node.output().begin(), node.output().end());
    for (const AttributeProto &attribute : node.attribute()) {
      if (attribute.has_g())
        reserve(attribute.g());
      for (const GraphProto &subgraph : attribute.graphs())
        reserve(subgraph);
    }
  }
}

} // namespace tenon::onnx
