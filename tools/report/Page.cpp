// The page as CMake put it together from page/, and what is put into it.
#include "tools/report/Page.h"

__asm__(".section .rodata.tenon_report,\"a\",%progbits\n"
        "tenon_report_begin: .incbin \"" TENON_REPORT_PAGE "\"\n"
        "tenon_report_end:\n"
        ".text\n");

extern const char pageBegin[] __asm__("tenon_report_begin"), pageEnd[] __asm__("tenon_report_end");

namespace tenon::report {

/// In JSON a '<' stands in strings only. Without any, nothing ends the element or begins a comment.
static void appendData(std::string &page, llvm::StringRef json) {
  for (char c : json)
    if (c == '<')
      page += "\\u003c";
    else
      page += c;
}

static std::string escapeText(llvm::StringRef text) {
  std::string result;
  for (char c : text)
    result += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
  return result;
}

std::string makePage(llvm::StringRef title, llvm::ArrayRef<Section> sections) {
  llvm::StringRef page(pageBegin, pageEnd - pageBegin);
  auto [head, rest] = page.split("<!--TITLE-->");
  auto [middle, tail] = rest.split("<!--DATA-->");
  std::string result = head.str() + escapeText(title) + middle.str();
  for (const Section &section : sections) {
    result += "<script type=\"application/json\" id=\"data-" + section.name + "\">";
    appendData(result, section.json);
    result += "</script>\n";
  }
  return result + tail.str();
}

} // namespace tenon::report
