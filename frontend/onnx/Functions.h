// Model-local functions and the names that inlining them needs. Internal to the loader.

#ifndef TENON_FRONTEND_ONNX_FUNCTIONS_H
#define TENON_FRONTEND_ONNX_FUNCTIONS_H

#include "frontend/onnx/Diagnostics.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

namespace google::protobuf {
template <typename T> class RepeatedPtrField;
}

namespace tenon::onnx {

class AttributeProto;
class FunctionProto;
class GraphProto;
class ModelProto;
class NodeProto;
class OperatorSetIdProto;

using OpsetMap = std::map<std::string, int64_t>;

/// "" for the standard domain's other spelling "ai.onnx", anything else as it is.
std::string normalizedDomain(const std::string &domain);

/// Domain -> version of an import list; reports conflicting and unsupported versions. `who` is "the model" or
/// "function 'f'".
OpsetMap readOpsets(const google::protobuf::RepeatedPtrField<OperatorSetIdProto> &imports, const std::string &who,
                    Diagnostics &diags);

/// Display names grow with nesting; of a long one the middle is left out.
std::string shortenedName(std::string name);

struct Function {
  FunctionProto *proto = nullptr;
  std::string displayName; ///< "domain.name" or "domain.name:overload"
  OpsetMap opsets;
  /// Whether the body was checked, and whether it may be inlined.
  bool checked = false;
  bool valid = true;
};

/// The functions of a model by domain, name and overload.
class FunctionTable {
public:
  /// Reports functions that are defined twice.
  FunctionTable(ModelProto &model, Diagnostics &diags);

  bool empty() const { return functions.empty(); }
  /// Null when there is none. The first call checks the function's signature and imports, and reports.
  Function *find(const std::string &domain, const std::string &name, const std::string &overload);

private:
  void check(Function &function);

  std::map<std::tuple<std::string, std::string, std::string>, Function> functions;
  Diagnostics &diags;
};

/// Names of values in an inlined body: name in the function -> name in the graph ("" for an input that the
/// caller leaves out). A subgraph in the body opens a scope of its own inside.
struct NameScope {
  NameScope *parent = nullptr;
  std::unordered_map<std::string_view, std::string> names;
};

/// Makes value names that nothing else in the model uses.
class UniqueNames {
public:
  /// `prefix`/`name`, with a number when that is taken.
  std::string fresh(const std::string &prefix, const std::string &name);
  /// Marks all value names in the graph and its subgraphs as taken.
  void reserve(const GraphProto &graph);

private:
  std::unordered_set<std::string> taken;
  std::unordered_map<std::string, size_t> nextSuffix;
};

} // namespace tenon::onnx

#endif // TENON_FRONTEND_ONNX_FUNCTIONS_H
