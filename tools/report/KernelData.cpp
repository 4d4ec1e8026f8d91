#include "tools/report/KernelData.h"
#include "codegen/cpu/Program.h"

using namespace mlir;

namespace tenon::report {

llvm::json::Value Measurement::toJson() const {
  return llvm::json::Object{{"seconds", llvm::json::Array(seconds)},
                            {"threads", threads},
                            {"flops", flops},
                            {"bandwidth", bandwidth},
                            {"isa", isa}};
}

std::optional<Measurement> Measurement::fromJson(const llvm::json::Value &value) {
  Measurement measured;
  llvm::json::Path::Root root;
  llvm::json::ObjectMapper mapper(value, root);
  if (!mapper || !mapper.map("seconds", measured.seconds) || !mapper.map("threads", measured.threads) ||
      !mapper.map("flops", measured.flops) || !mapper.map("bandwidth", measured.bandwidth) ||
      !mapper.map("isa", measured.isa))
    return std::nullopt;
  return measured;
}

static void writeStep(llvm::json::OStream &out, const codegen::Program &program, const codegen::Program::Step &step,
                      Names &names) {
  codegen::Program::Kernel kernel = program.kernels[step.kernel];
  llvm::SmallVector<llvm::StringRef> sources;
  llvm::StringRef(step.sources).split(sources, '\n', -1, /*KeepEmpty=*/false);
  std::vector<unsigned> nodes;
  for (llvm::StringRef source : sources)
    nodes.push_back(names.number(source));
  out.attribute("kernel", kernel.name);
  out.attribute("template", kernel.op.getTemplateName().value_or(""));
  writeNumbers(out, "nodes", nodes);
  out.attribute("flops", static_cast<int64_t>(step.flops));
  out.attribute("bytes", static_cast<int64_t>(step.bytes));
}

void writeKernels(llvm::json::OStream &out, ModuleOp planned, const std::optional<Measurement> &measured,
                  llvm::StringRef note, Names &names) {
  auto main = planned ? planned.lookupSymbol<func::FuncOp>("main") : nullptr;
  if (!main || !main->hasAttr("tn.arena_bytes"))
    return;
  codegen::Program program = codegen::collectProgram(planned, "model");
  bool known = measured && measured->seconds.size() == program.steps.size();
  out.attributeArray("steps", [&] {
    for (size_t i = 0; i < program.steps.size(); ++i)
      out.object([&] {
        writeStep(out, program, program.steps[i], names);
        if (known)
          out.attribute("seconds", measured->seconds[i]);
      });
  });
  if (known)
    out.attribute("machine", llvm::json::Object{{"threads", measured->threads},
                                                {"flops", measured->flops},
                                                {"bandwidth", measured->bandwidth},
                                                {"isa", measured->isa}});
  else
    out.attribute("note", note);
}

} // namespace tenon::report
