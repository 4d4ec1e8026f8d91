// Loads model files and the test data sets beside them (test_data_set_*/{input,output}_*.pb), prints every
// diagnostic and a count. Not a test by itself: a driver to try the loader on a collection of real files.
//   load-models MODEL.onnx ...

#include "frontend/onnx/Model.h"
#include "frontend/onnx/TensorFile.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

using namespace tenon::onnx;
namespace fs = std::filesystem;

static int valuesRead = 0;

static bool readValues(const fs::path &directory, const char *prefix, const std::vector<ValueInfo> &infos,
                       Diagnostics &diags) {
  for (size_t i = 0; i < infos.size(); ++i) {
    fs::path file = directory / (prefix + std::to_string(i) + ".pb");
    if (!fs::exists(file))
      continue;
    std::optional<Value> value = readValueFile(file.string(), infos[i].type.kind, diags);
    if (!value)
      return false;
    const ValueType &type = infos[i].type;
    if (type.kind == ValueType::Tensor && value->tensor.type() != type.elementType)
      diags.warning(file.string() + " is not of the declared element type");
    ++valuesRead;
  }
  return true;
}

int main(int argc, char **argv) {
  int failed = 0;
  for (int i = 1; i < argc; ++i) {
    Diagnostics diags;
    std::shared_ptr<const Model> model = Model::load(argv[i], {}, diags);
    fs::path directory = fs::path(argv[i]).parent_path();
    for (int set = 0; model; ++set) {
      fs::path data = directory / ("test_data_set_" + std::to_string(set));
      if (!fs::exists(data))
        break;
      readValues(data, "input_", model->graph.inputs, diags);
      readValues(data, "output_", model->graph.outputs, diags);
    }
    if (!diags.list().empty())
      std::printf("%s: exit code %d\n%s", argv[i], static_cast<int>(diags.status()), diags.str().c_str());
    failed += diags.errorCount() != 0;
  }
  std::printf("%d files, %d failed, %d values read\n", argc - 1, failed, valuesRead);
  return failed != 0;
}
