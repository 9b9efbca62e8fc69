// Rows in the formats of -f (cli.md 4.5): pretty, tsv, json, yaml. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "ctl/text_table.h"
#include "model/compatibility.h"

namespace tamada::ctl {

enum class OutputFormat { Pretty, Tsv, Json, Yaml, Nothing };

// "yml" is yaml; a word that is no format is Nothing.
OutputFormat parse_output_format(std::string_view word);

struct OutputColumn {
  std::string key;      // in machine formats
  std::string heading;  // in pretty form
  Align align = Align::Left;
};

struct OutputTable {
  std::vector<OutputColumn> columns;
  std::vector<std::vector<json::value>> rows;  // null = empty cell
  std::string title;                           // pretty only
  bool omit_empty = false;                     // json and yaml leave empty cells out
};

struct OutputStyle {
  OutputFormat format = OutputFormat::Pretty;
  Compatibility level = Compatibility::V4_1;
  bool flow_objects = false;  // objects inside pretty cells on one line
};

// Ends with a newline; empty for Nothing.
std::string format_output(const OutputTable& table, const OutputStyle& style);

}  // namespace tamada::ctl
