#include "ctl/config_preview.h"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "base/python_text.h"
#include "base/text.h"
#include "base/yaml.h"
#include "model/stored_json.h"

namespace tamada::ctl {

namespace {

constexpr std::string_view kRestart = "restart";

// A change as members that agree tell it.
struct Line {
  json::object change;
  std::vector<std::string> members;
};

std::string text(const json::object& object, std::string_view key) {
  return stored::text_field(object, key);
}

json::value field(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr ? json::value() : *value;
}

std::vector<Line> lines_of(const std::vector<PreviewAnswer>& answers) {
  std::map<std::tuple<std::string, std::string, std::string>, Line> lines;
  for (const PreviewAnswer& answer : answers) {
    for (const json::value& one : answer.changes) {
      const json::object& change = one.get_object();
      Line& line = lines[{text(change, "path"), text(change, "effect"), text(change, "because")}];
      line.change = change;
      line.members.push_back(answer.member);
    }
  }
  std::vector<Line> out;
  for (auto& [key, line] : lines) out.push_back(std::move(line));
  return out;
}

bool has_change(const PreviewAnswer& answer, std::string_view effect, std::string_view direction = {}) {
  return std::any_of(answer.changes.begin(), answer.changes.end(), [&](const json::value& one) {
    const json::object& change = one.get_object();
    return text(change, "effect") == effect && (direction.empty() || text(change, "direction") == direction);
  });
}

bool any_change(const std::vector<PreviewAnswer>& answers, std::string_view direction) {
  return std::any_of(answers.begin(), answers.end(),
                     [&](const PreviewAnswer& answer) { return has_change(answer, kRestart, direction); });
}

std::size_t answered(const std::vector<PreviewAnswer>& answers) {
  return static_cast<std::size_t>(
      std::count_if(answers.begin(), answers.end(), [](const PreviewAnswer& one) { return one.not_asked.empty(); }));
}

std::string side(const json::value& value) {
  return value.is_null() ? "-" : python_text(value);
}

OutputTable table_of(const std::vector<PreviewAnswer>& answers) {
  OutputTable table;
  table.columns = {{"path", "Setting"},  {"from", "From"},       {"to", "To"},
                   {"effect", "Effect"}, {"members", "Members"}, {"because", "Because"}};
  for (const Line& line : lines_of(answers)) {
    const bool all = line.members.size() == answered(answers);
    table.rows.push_back({json::value(text(line.change, "path")), json::value(side(field(line.change, "from"))),
                          json::value(side(field(line.change, "to"))), json::value(text(line.change, "effect")),
                          json::value(all ? "all" : join(line.members, ", ")),
                          json::value(text(line.change, "because"))});
  }
  return table;
}

json::object document_of(const std::vector<PreviewAnswer>& answers) {
  json::array changes;
  for (const Line& line : lines_of(answers)) {
    json::object change = line.change;
    change.erase("direction");
    json::array members;
    for (const std::string& name : line.members) members.push_back(json::value(name));
    change["members"] = std::move(members);
    changes.push_back(std::move(change));
  }
  json::array order;
  for (const std::string& name : restart_order(answers)) order.push_back(json::value(name));
  json::array not_asked;
  for (const PreviewAnswer& answer : answers) {
    if (!answer.not_asked.empty()) not_asked.push_back({{"member", answer.member}, {"why", answer.not_asked}});
  }
  return {{"changes", std::move(changes)}, {"restart_order", std::move(order)}, {"not_asked", std::move(not_asked)}};
}

std::string order_text(const std::vector<PreviewAnswer>& answers) {
  const std::vector<std::string> order = restart_order(answers);
  if (order.empty()) return "";
  std::string why;
  const bool raised = any_change(answers, "raised");
  const bool lowered = any_change(answers, "lowered");
  if (raised && lowered) {
    why = " (a value is raised and one is lowered: standbys may never have less than their primary)";
  } else if (raised || lowered) {
    why = raised ? " (standbys first: they may not have less than their primary)"
                 : " (the primary first: standbys may not have less than it)";
  }
  return fmt::format("To restart, in this order: {}{}\n", join(order, ", "), why);
}

}  // namespace

Result<json::array> read_changes(std::string_view body) {
  const auto document = stored::object_of(body);
  const auto changes = document ? stored::array_field(*document, "changes") : std::nullopt;
  const bool usable =
      changes && std::all_of(changes->begin(), changes->end(), [](const json::value& one) { return one.is_object(); });
  if (!usable) return Error(ErrorCode::Unsupported, "the answer tells no changes");
  return *changes;
}

std::vector<std::string> restart_order(const std::vector<PreviewAnswer>& answers) {
  std::vector<std::string> leader;
  std::vector<std::string> standbys;
  for (const PreviewAnswer& answer : answers) {
    if (has_change(answer, kRestart)) (answer.leads ? leader : standbys).push_back(answer.member);
  }
  const bool raised = any_change(answers, "raised");
  const bool lowered = any_change(answers, "lowered");
  std::vector<std::string> out;
  const auto add = [&out](const std::vector<std::string>& names) { out.insert(out.end(), names.begin(), names.end()); };
  if (raised || !lowered) add(standbys);
  add(leader);
  if (lowered) add(standbys);
  return out;
}

bool refuses_something(const std::vector<PreviewAnswer>& answers) {
  return std::any_of(answers.begin(), answers.end(),
                     [](const PreviewAnswer& answer) { return has_change(answer, "refused"); });
}

std::string preview_text(const std::vector<PreviewAnswer>& answers, const OutputStyle& style) {
  if (style.format == OutputFormat::Json) return to_json(document_of(answers), JsonStyle::Spaced) + "\n";
  if (style.format == OutputFormat::Yaml) return to_yaml(document_of(answers));
  std::string out = format_output(table_of(answers), style);
  if (style.format != OutputFormat::Pretty) return out;
  out += order_text(answers);
  for (const PreviewAnswer& answer : answers) {
    if (!answer.not_asked.empty()) out += fmt::format("Not asked: {}: {}\n", answer.member, answer.not_asked);
  }
  return out;
}

}  // namespace tamada::ctl
