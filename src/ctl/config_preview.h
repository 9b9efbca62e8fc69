// The answers of members to "what would this configuration do" (POST /settings), as one report. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "ctl/output.h"

namespace tamada::ctl {

struct PreviewAnswer {
  std::string member;
  bool leads = false;
  std::string not_asked;  // why there is no answer
  json::array changes;    // of the answer
};

// {"changes": [...]} of a member. Error Unsupported when it is no such document.
Result<json::array> read_changes(std::string_view body);

// Who is to be restarted, in this order; a member may be there twice. Standbys come first, unless a value that standbys
// compare with their primary's is lowered (configuration.md: they must not have less than it).
std::vector<std::string> restart_order(const std::vector<PreviewAnswer>& answers);

bool refuses_something(const std::vector<PreviewAnswer>& answers);

// Pretty: one line for each changed key (more where members differ), the order of restarts, who could not be asked.
// JSON and YAML: {"changes", "restart_order", "not_asked"}. tsv: the lines.
std::string preview_text(const std::vector<PreviewAnswer>& answers, const OutputStyle& style);

}  // namespace tamada::ctl
