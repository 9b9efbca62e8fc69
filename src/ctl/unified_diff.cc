// The only file that knows dtl, the diff library; declared in ctl/config_edit.h. dtl finds the edits; the hunks are cut
// here, because dtl leaves neighbouring hunks apart and counts the context after the last edit differently.
#include <algorithm>
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

constexpr std::size_t kContext = 3;

struct Edit {
  char mark;  // ' ', '-', '+'
  std::string text;
};

std::vector<std::string> lines_of(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  return text.empty() ? std::vector<std::string>() : split(text, '\n');
}

std::vector<Edit> edits_between(std::string_view before, std::string_view after) {
  dtl::Diff<std::string> diff(lines_of(before), lines_of(after));
  diff.compose();
  std::vector<Edit> edits;
  for (const auto& [text, info] : diff.getSes().getSequence()) {
    const char mark = info.type == dtl::SES_ADD ? '+' : info.type == dtl::SES_DELETE ? '-' : ' ';
    edits.push_back({mark, text});
  }
  return edits;
}

// What is removed stands before what takes its place.
std::vector<Edit> removed_first(const std::vector<Edit>& edits) {
  std::vector<Edit> out;
  std::vector<Edit> added;
  for (const Edit& edit : edits) {
    if (edit.mark == '+') {
      added.push_back(edit);
      continue;
    }
    if (edit.mark == ' ') {
      out.insert(out.end(), added.begin(), added.end());
      added.clear();
    }
    out.push_back(edit);
  }
  out.insert(out.end(), added.begin(), added.end());
  return out;
}

// "first,count"; the count is left out for one line, an empty range names the line before it.
std::string range_text(std::size_t lines_before, std::size_t count) {
  if (count == 1) return fmt::format("{}", lines_before + 1);
  return fmt::format("{},{}", count == 0 ? lines_before : lines_before + 1, count);
}

// The end of the hunk that begins with the change at `first`: changes that are at most two contexts apart belong to it.
std::size_t last_change(const std::vector<Edit>& edits, std::size_t first) {
  std::size_t last = first;
  for (std::size_t i = first; i < edits.size() && i <= last + 2 * kContext + 1; ++i) {
    if (edits[i].mark != ' ') last = i;
  }
  return last;
}

std::size_t count_of(const std::vector<Edit>& edits, std::size_t begin, std::size_t end, char without) {
  return static_cast<std::size_t>(std::count_if(edits.begin() + static_cast<std::ptrdiff_t>(begin),
                                                edits.begin() + static_cast<std::ptrdiff_t>(end),
                                                [without](const Edit& edit) { return edit.mark != without; }));
}

}  // namespace

std::string unified_diff(std::string_view before, std::string_view after) {
  const std::vector<Edit> edits = removed_first(edits_between(before, after));
  std::string out;
  for (std::size_t i = 0; i < edits.size(); ++i) {
    if (edits[i].mark == ' ') continue;
    const std::size_t begin = i > kContext ? i - kContext : 0;
    const std::size_t last = last_change(edits, i);
    const std::size_t end = std::min(edits.size(), last + 1 + kContext);
    out += fmt::format("@@ -{} +{} @@\n", range_text(count_of(edits, 0, begin, '+'), count_of(edits, begin, end, '+')),
                       range_text(count_of(edits, 0, begin, '-'), count_of(edits, begin, end, '-')));
    for (std::size_t line = begin; line < end; ++line) out += edits[line].mark + edits[line].text + "\n";
    i = last;
  }
  return out.empty() ? out : "--- \n+++ \n" + out;
}

}  // namespace tamada::ctl
