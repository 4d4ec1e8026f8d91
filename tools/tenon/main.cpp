//===- main.cpp - The command line ---------------------------------------===//
#include "runtime/include/tenon/tenon.h"
#include "tools/tenon/Commands.h"
#include "tools/tenon/Output.h"
#include "llvm/Config/llvm-config.h"

using namespace tenon::cli;

static const char kFooter[] = R"(Examples:
  tenon compile model.onnx -o model.so
  tenon run model.so --input x=@x.npy --output y=@y.npy
  tenon bench model.onnx --threads 4
  tenon inspect model.onnx
  tenon explain model.onnx --node /layer3/conv2
  tenon reduce model.onnx -o small
  tenon debug model.onnx

Exit codes: 0 done, 1 cannot compile, 2 usage, 3 malformed model, 4 input or output, 5 numbers differ,
6 resource limit, 70 internal error, 130 interrupted.)";

/// The spelling of other compilers, -mcpu=native, is no short option with a value; --remarks alone is about all nodes
/// and does not take the next argument.
static std::vector<std::string> readArguments(int argc, char **argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  for (std::string &argument : arguments)
    if (argument.rfind("-mcpu", 0) == 0)
      argument.insert(0, "-");
    else if (argument == "--remarks")
      argument += "=*";
  return arguments;
}

static std::string quoteCommand(int argc, char **argv) {
  std::string line = "tenon";
  for (int i = 1; i < argc; ++i) {
    std::string quoted = "'";
    for (const char *c = argv[i]; *c; ++c)
      quoted += *c == '\'' ? std::string("'\\''") : std::string(1, *c);
    line += " " + quoted + "'";
  }
  return line;
}

int main(int argc, char **argv) {
  CLI::App app("Tenon compiles neural networks to native code.", "tenon");
  app.set_version_flag("--version", std::string("tenon ") + tn_version() + " (LLVM " LLVM_VERSION_STRING ")");
  app.require_subcommand(1);
  app.footer(kFooter);
  Action action;
  addCompile(app, action, quoteCommand(argc, argv));
  addRun(app, action);
  addBench(app, action);
  addInspect(app, action);
  addExplain(app, action);
  addReduce(app, action);
  addDebug(app, action);
  std::vector<std::string> arguments = readArguments(argc, argv);
  std::reverse(arguments.begin(), arguments.end()); // as CLI11 takes them
  try {
    app.parse(arguments);
  } catch (const CLI::Success &request) { // --help, --version
    return app.exit(request);
  } catch (const CLI::ParseError &error) {
    std::string command = app.get_subcommands().empty() ? "" : " " + app.get_subcommands()[0]->get_name();
    printError(std::string(error.what()) + "\nSee tenon" + command + " --help");
    return kUsage;
  }
  return action();
}
