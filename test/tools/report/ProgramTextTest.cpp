#include "tools/report/ProgramText.h"
#include "test/tools/debug/Programs.h"
#include "tools/report/Page.h"
#include "tools/report/SnapshotData.h"
#include <catch2/catch.hpp>

using namespace tenon;
using namespace tenon::report;
using tenon::test::Program;

static std::vector<std::string> linesOf(mlir::ModuleOp module) {
  std::vector<std::string> lines;
  ProgramText::print(module, /*bodies=*/true, [&](const std::string &text, mlir::Location) { lines.push_back(text); });
  return lines;
}

static std::string join(const std::vector<std::string> &lines) {
  std::string text;
  for (const std::string &line : lines)
    text += line + "\n";
  return text;
}

static const char kProgram[] = R"(
  func.func @main(%x: tensor<4xf32> {tn.name = "in put"}) -> tensor<4xf32> {
    %0 = tn.exp %x : tensor<4xf32> -> tensor<4xf32> loc("/a/first")
    %1 = tn.tanh %0 : tensor<4xf32> -> tensor<4xf32> loc("/a/second")
    %2 = tn.exp %1 : tensor<4xf32> -> tensor<4xf32> loc("/a/second")
    %3 = tn.kernel ins(%2 : tensor<4xf32>) template "elementwise %2" {
    ^bb0(%v: tensor<4xf32> loc("/a/second")):
      %4 = tn.tanh %v : tensor<4xf32> -> tensor<4xf32> loc("9</script>")
      tn.yield %4 : tensor<4xf32>
    } -> tensor<4xf32> loc("/a/third")
    return %3 : tensor<4xf32>
  })";

TEST_CASE("values are named after nodes, and strings are left alone") {
  Program program(kProgram);
  REQUIRE(program.module);
  std::string text = join(linesOf(*program.module));
  INFO(text);
  CHECK(text.find("%a.first.exp = tn.exp %in_put :") != std::string::npos);
  CHECK(text.find("%a.second.exp = tn.exp %a.second.tanh :") != std::string::npos);
  CHECK(text.find("tn.kernel ins(%a.second.exp : tensor<4xf32>) template \"elementwise %2\" {") != std::string::npos);
  CHECK(text.find("%n9_.script_.tanh = tn.tanh %a.second.exp :") != std::string::npos);
  CHECK(text.find("return %n9_.script_.tanh :") != std::string::npos);
}

TEST_CASE("what a pass leaves as it was is no new text") {
  Program program(kProgram);
  REQUIRE(program.module);
  Names names;
  SnapshotData data(names);
  data.addImport(*program.module);
  // One more operation in front.
  auto main = program.main();
  mlir::OpBuilder builder(&main.getBody().front(), main.getBody().front().begin());
  auto made = tn::ExpOp::create(builder, mlir::NameLoc::get(builder.getStringAttr("new")),
                                main.getArgument(0).getType(), main.getArgument(0));
  main.getArgument(0).replaceAllUsesExcept(made.getResult(), made);
  debug::Snapshot pass;
  pass.changed = pass.succeeded = true;
  data.addPass(pass, *program.module);
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::json::OStream out(stream);
  out.object([&] { data.write(out); });
  auto value = llvm::json::parse(text);
  REQUIRE(bool(value));
  const llvm::json::Array &snapshots = *value->getAsObject()->getArray("snapshots");
  int64_t before = *snapshots[0].getAsObject()->getInteger("count");
  CHECK(*snapshots[1].getAsObject()->getInteger("count") == before + 1);
  // The line of the new operation, and that of its reader.
  CHECK(static_cast<int64_t>(value->getAsObject()->getArray("lines")->size()) == before + 2);
}

TEST_CASE("a report that grows too large says what it leaves out") {
  Program program(kProgram);
  REQUIRE(program.module);
  Names names;
  SnapshotData data(names, /*mostBytes=*/400);
  data.addImport(*program.module);
  debug::Snapshot pass;
  pass.changed = pass.succeeded = true;
  for (int i = 0; i < 2; ++i) {
    program.main()->setAttr("round", mlir::StringAttr::get(program.context.get(), std::string(300, 'a' + i)));
    data.addPass(pass, *program.module);
  }
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::json::OStream out(stream);
  out.object([&] { data.write(out); });
  CHECK(text.find("left out") != std::string::npos);
  CHECK(text.size() < 6000);
}

TEST_CASE("nothing in the data ends its element") {
  std::string page = makePage("<b>&", {{"x", R"({"name":"</script><!--<script>"})"}});
  CHECK(page.find("<title>&lt;b&gt;&amp;") != std::string::npos);
  CHECK(page.find(R"("\u003c/script>\u003c!--\u003cscript>")") != std::string::npos);
}
