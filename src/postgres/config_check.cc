#include "postgres/config_check.h"

#include <cstdlib>

#include "base/text.h"

namespace tamada {

namespace {

constexpr std::string_view kMark = "parameter \"";

// "LOG:  1 kB is outside the valid range for parameter "work_mem" (64 .. 2147483647)": the bound that was crossed.
std::optional<std::string> nearest_limit(std::string_view line) {
  const auto middle = line.find(" is outside the valid range");
  const auto open = line.rfind('(');
  const auto dots = line.find(" .. ", open == std::string_view::npos ? 0 : open);
  const auto close = line.rfind(')');
  if (middle == std::string_view::npos || open == std::string_view::npos || dots == std::string_view::npos ||
      close == std::string_view::npos || close < dots)
    return std::nullopt;
  const std::string low(trim(line.substr(open + 1, dots - open - 1)));
  const std::string high(trim(line.substr(dots + 4, close - dots - 4)));
  std::string_view value = line.substr(0, middle);
  if (const auto level = value.rfind(":  "); level != std::string_view::npos) value = value.substr(level + 3);
  // Newer servers print units on all three; they are the same unit then.
  const double given = std::strtod(std::string(value).c_str(), nullptr);
  const std::string& bound = given < std::strtod(low.c_str(), nullptr) ? low : high;
  return replace_all(bound, " ", "");
}

}  // namespace

std::vector<Complaint> parse_complaints(std::string_view output, const GucMap& ours) {
  std::vector<Complaint> complaints;
  for (const std::string& line : split(output, '\n')) {
    const auto at = line.find(kMark);
    if (at == std::string::npos) continue;
    const auto begin = at + kMark.size();
    const auto end = line.find('"', begin);
    if (end == std::string::npos) continue;
    Complaint complaint;
    complaint.name = line.substr(begin, end - begin);
    if (find_guc(ours, complaint.name) == nullptr) continue;
    complaint.limit = nearest_limit(line);
    const auto level = line.find(":  ");
    complaint.text = level == std::string::npos ? line : line.substr(level + 3);
    complaints.push_back(std::move(complaint));
  }
  return complaints;
}

void apply_corrections(GucMap& parameters, const Corrections& corrections) {
  for (const auto& [name, value] : corrections) {
    if (find_guc(parameters, name) == nullptr) continue;
    if (value)
      set_guc(parameters, name, *value);
    else
      erase_guc(parameters, name);
  }
}

}  // namespace tamada
