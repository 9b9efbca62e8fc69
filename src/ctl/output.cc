#include "ctl/output.h"

#include "base/python_text.h"
#include "base/text.h"
#include "base/yaml.h"

namespace tamada::ctl {

namespace {

bool is_empty(const json::value& cell) {
  if (cell.is_null()) return true;
  if (const auto* text = cell.if_string()) return text->empty();
  if (const auto* object = cell.if_object()) return object->empty();
  return false;
}

std::string cell_text(const json::value& cell, bool flow) {
  if (is_empty(cell)) return {};
  if (!cell.is_object()) return python_text(cell);
  YamlStyle style;
  style.flow = flow;
  return std::string(trim(to_yaml(cell, style)));
}

std::string pretty(const OutputTable& table, const OutputStyle& style) {
  TextTable out;
  out.title = table.title;
  for (const OutputColumn& column : table.columns) {
    const bool centred = style.level == Compatibility::V1_5 && column.align == Align::Left;
    out.columns.push_back({column.heading, centred ? Align::Center : column.align});
  }
  for (const auto& row : table.rows) {
    std::vector<std::string> cells;
    for (const json::value& cell : row) cells.push_back(cell_text(cell, style.flow_objects));
    out.rows.push_back(std::move(cells));
  }
  return render(out);
}

std::string tsv(const OutputTable& table, Compatibility level) {
  std::vector<std::string> headings;
  for (const OutputColumn& column : table.columns) headings.push_back(column.key);
  std::string out = join(headings, "\t") + (level == Compatibility::V1_5 ? "\n\n" : "\n");
  for (const auto& row : table.rows) {
    std::vector<std::string> cells;
    for (const json::value& cell : row) cells.push_back(cell_text(cell, true));
    out += join(cells, "\t") + "\n";
  }
  return out;
}

json::array objects(const OutputTable& table, Compatibility level) {
  const bool omit = table.omit_empty && level != Compatibility::V1_5;
  json::array out;
  for (const auto& row : table.rows) {
    json::object object;
    for (std::size_t i = 0; i < row.size() && i < table.columns.size(); ++i) {
      if (!omit || !is_empty(row[i])) object[table.columns[i].key] = row[i].is_null() ? json::value("") : row[i];
    }
    out.push_back(std::move(object));
  }
  return out;
}

}  // namespace

OutputFormat parse_output_format(std::string_view word) {
  if (word == "pretty") return OutputFormat::Pretty;
  if (word == "tsv") return OutputFormat::Tsv;
  if (word == "json") return OutputFormat::Json;
  if (word == "yaml" || word == "yml") return OutputFormat::Yaml;
  return OutputFormat::Nothing;
}

std::string format_output(const OutputTable& table, const OutputStyle& style) {
  switch (style.format) {
    case OutputFormat::Pretty:
      return pretty(table, style);
    case OutputFormat::Tsv:
      return tsv(table, style.level);
    case OutputFormat::Json:
      return to_json(objects(table, style.level), JsonStyle::Spaced) + "\n";
    case OutputFormat::Yaml:
      return to_yaml(objects(table, style.level)) + "\n";
    case OutputFormat::Nothing:
      return {};
  }
  return {};
}

}  // namespace tamada::ctl
