// YAML 1.1 as PyYAML's safe loader reads and its safe dumper writes it (configuration.md 1.3): `on` is a boolean, 0777
// is octal, 12:30 is 750, "<<" merges. libyaml gives the events; the rules on top of them are ours. Pure, any thread.
//
// What JSON values cannot hold becomes text: dates as Python prints them (2020-01-01 10:00:00+00:00), integers beyond
// 64 bits as their digits, !!binary as its bytes. Keys that are no strings get the text JSON gives them (true, null,
// 1).
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace tamada {

// One document; an empty one is null. Duplicate keys: the last one wins. Error: Invalid, with source, line and column.
// Bounded: nesting (100 levels) and the number of values that aliases expand to (1000000).
Result<json::value> parse_yaml(std::string_view text, std::string_view source = "<unicode string>");

// Dotted path of every key of the document -> the line it stands on, from 1. What "<<" brings in has the line of the
// mapping it comes from. Empty for what is no mapping or cannot be read.
std::map<std::string, std::size_t> yaml_lines(std::string_view text);

struct YamlStyle {
  int width = 200;        // lines are folded at the first space beyond it
  bool sort_keys = true;  // by code point
  bool flow = false;      // {a: 1, b: [2]} on one line instead of blocks
};

// The text of yaml.safe_dump(value, default_flow_style=flow, allow_unicode=True, width=width), final newline included.
std::string to_yaml(const json::value& value, const YamlStyle& style = {});

}  // namespace tamada
