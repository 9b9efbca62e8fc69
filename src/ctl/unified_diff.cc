// The only file that knows dtl, the diff library; declared in ctl/config_edit.h.
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "ctl/config_edit.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <dtl/dtl.hpp>
#pragma clang diagnostic pop

namespace tamada::ctl {

namespace {

using Line = std::pair<std::string, dtl::elemInfo>;

std::vector<std::string> lines_of(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  return text.empty() ? std::vector<std::string>() : split(text, '\n');
}

// "first,count"; the count is left out for one line, an empty range names the line before it.
std::string range_text(long long first, long long count) {
  if (count == 1) return fmt::format("{}", first);
  return fmt::format("{},{}", first, count);
}

void add_lines(std::string& out, const std::vector<Line>& lines) {
  for (const auto& [text, info] : lines) {
    const char mark = info.type == dtl::SES_ADD ? '+' : info.type == dtl::SES_DELETE ? '-' : ' ';
    out += mark + text + "\n";
  }
}

}  // namespace

std::string unified_diff(std::string_view before, std::string_view after) {
  dtl::Diff<std::string> diff(lines_of(before), lines_of(after));
  diff.compose();
  diff.composeUnifiedHunks();
  const auto hunks = diff.getUniHunks();
  if (hunks.empty()) return {};
  std::string out = "--- \n+++ \n";
  for (const auto& hunk : hunks) {
    out += fmt::format("@@ -{} +{} @@\n", range_text(hunk.a, hunk.b), range_text(hunk.c, hunk.d));
    add_lines(out, hunk.common[0]);
    add_lines(out, hunk.change);
    add_lines(out, hunk.common[1]);
  }
  return out;
}

}  // namespace tamada::ctl
