// Changes to the dynamic configuration as `edit-config` understands them (cli.md 5.7). Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace tamada::ctl {

// "path=value": a dotted path, everything below postgresql.parameters being one key; the value is YAML. null removes
// the key, and the parents that are left empty. Error Invalid without "=" and for broken YAML.
Result<void> set_by_path(json::object& document, std::string_view setting);

// A YAML mapping; an empty text is an empty mapping. Error Invalid for anything else.
Result<json::object> parse_config_text(std::string_view text, std::string_view source);

// What is shown, compared and edited: sorted block YAML.
std::string config_text(const json::object& document);

// Unified form with three lines of context, the headers "--- " and "+++ "; empty for equal texts.
std::string unified_diff(std::string_view before, std::string_view after);

// The same with terminal colours.
std::string coloured_diff(std::string_view diff);

}  // namespace tamada::ctl
