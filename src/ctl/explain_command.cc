// explain: why members do what they do, and did (GET /explain).
#include <algorithm>

#include <fmt/format.h>

#include "base/python_text.h"
#include "base/text.h"
#include "base/yaml.h"
#include "ctl/commands.h"
#include "ctl/member_selection.h"
#include "ctl/output.h"
#include "ctl/rest_client.h"
#include "ctl/schedule_input.h"
#include "model/stored_json.h"

namespace tamada::ctl {

namespace {

constexpr std::chrono::seconds kAnswerTimeout{10};

// What is asked of each member.
struct ExplainQuestion {
  std::string endpoint = "explain";
  bool list = false;
  bool present = true;
};

std::string indented(const std::string& text) {
  return "    " + text + "\n";
}

std::string megabytes(double bytes) {
  return fmt::format("{:.1f} MB", bytes / (1024 * 1024));
}

// "clone: basebackup from pg1 since 2026-11-23T17:00:00+00:00, 120.5 MB of about 400.0 MB (30 %)"
std::string clone_line(const json::object& clone) {
  std::string line = "clone: " + stored::text_field(clone, "method");
  if (const auto source = stored::text_field(clone, "source"); !source.empty()) line += " from " + source;
  line += " since " + stored::text_field(clone, "since");
  const auto done = static_cast<double>(stored::number_field(clone, "bytes_done"));
  const auto total = static_cast<double>(stored::number_field(clone, "bytes_total"));
  line += ", " + megabytes(done);
  if (total > 0) line += fmt::format(" of about {} ({:.0f} %)", megabytes(total), std::min(100.0, 100 * done / total));
  return line;
}

std::string facts_and_details(const json::object& document) {
  std::string out;
  if (const auto facts = stored::object_field(document, "facts"); facts && !facts->empty()) {
    out += "  facts:\n";
    for (const auto& [name, value] : *facts) {
      out += indented(fmt::format("{}: {}", std::string_view(name), python_text(value)));
    }
  }
  if (const auto details = stored::array_field(document, "details"); details && !details->empty()) {
    out += "  details:\n";
    for (const json::value& line : *details) out += indented(python_text(line));
  }
  return out;
}

// One member's explanation for the eye; fields that are missing are left out.
std::string explanation_text(const json::object& document) {
  std::string out =
      fmt::format("{}: {}\n", stored::text_field(document, "member"), stored::text_field(document, "status"));
  for (const char* field : {"rule", "situation", "because", "procedure", "lock_valid_for", "postgres"}) {
    const json::value* value = document.if_contains(field);
    if (value != nullptr && !value->is_null()) out += fmt::format("  {}: {}\n", field, python_text(*value));
  }
  if (const auto clone = stored::object_field(document, "clone")) out += fmt::format("  {}\n", clone_line(*clone));
  return out + facts_and_details(document);
}

std::string changes_text(const json::object& changed) {
  std::string out = "  changed since the decision before:\n";
  for (const auto& [fact, change] : changed) {
    if (!change.is_object()) continue;
    out += indented(fmt::format("{}: {} -> {}", std::string_view(fact), stored::text_field(change.get_object(), "from"),
                                stored::text_field(change.get_object(), "to")));
  }
  return out;
}

// A decision of the past for the eye.
std::string past_text(const json::object& document) {
  const std::uint64_t count = stored::number_field(document, "count");
  std::string action = stored::text_field(document, "action");
  if (const auto target = stored::text_field(document, "target"); !target.empty()) action += " " + target;
  std::string out =
      fmt::format("{}: {}\n", stored::text_field(document, "member"), stored::text_field(document, "status"));
  out += fmt::format("  decision: {}, {} to {}, {} cycle{}\n", stored::number_field(document, "id"),
                     stored::text_field(document, "first"), stored::text_field(document, "last"), count,
                     count == 1 ? "" : "s");
  for (const char* field : {"rule", "situation", "because", "leader"}) {
    const std::string text = stored::text_field(document, field);
    if (!text.empty()) out += fmt::format("  {}: {}\n", field, text);
  }
  out += fmt::format("  action: {}\n", action);
  if (const auto outcome = stored::text_field(document, "outcome"); !outcome.empty()) {
    out += fmt::format("  outcome: {}\n", outcome);
  }
  if (const auto changed = stored::object_field(document, "changed"); changed && !changed->empty()) {
    out += changes_text(*changed);
  }
  return out + facts_and_details(document);
}

json::value cell(const json::object& row, std::string_view key) {
  const json::value* value = row.if_contains(key);
  return value == nullptr ? json::value(nullptr) : *value;
}

std::string list_text(const json::array& documents, const OutputStyle& style) {
  OutputTable table;
  table.columns = {{"Member", "Member"}, {"Id", "Id", Align::Right},       {"First", "First"},
                   {"Last", "Last"},     {"Count", "Count", Align::Right}, {"Rule", "Rule"},
                   {"Action", "Action"}, {"Outcome", "Outcome"},           {"Status", "Status"}};
  for (const json::value& document : documents) {
    const auto past = stored::array_field(document.get_object(), "past");
    for (const json::value& one : past ? *past : json::array{}) {
      if (!one.is_object()) continue;
      const json::object& row = one.get_object();
      std::string action = stored::text_field(row, "action");
      if (const auto target = stored::text_field(row, "target"); !target.empty()) action += " " + target;
      std::vector<json::value> cells{json::value(stored::text_field(document.get_object(), "member"))};
      for (const char* key : {"id", "first", "last", "count", "rule"}) cells.push_back(cell(row, key));
      cells.push_back(json::value(action));
      for (const char* key : {"outcome", "status"}) cells.push_back(cell(row, key));
      table.rows.push_back(std::move(cells));
    }
  }
  return format_output(table, style);
}

Result<std::string> encoded_time(std::string_view option, const std::string& text, WallTime now) {
  const auto moment = parse_schedule(text, now);
  if (!moment) return moment.error();
  if (!*moment) return Error(ErrorCode::Invalid, fmt::format("--{} needs a time", option));
  return replace_all(format_iso8601((*moment)->time), "+", "%2B");
}

Result<ExplainQuestion> read_question(CommandContext& context, const Arguments& arguments) {
  const auto past = arguments.value("past");
  const auto at = arguments.value("at");
  const auto since = arguments.value("since");
  const bool list = arguments.has("list") || since;
  if (int(past.has_value()) + int(at.has_value()) + int(list) > 1) {
    return Error(ErrorCode::Invalid, "--past, --at and --list exclude each other");
  }
  ExplainQuestion question;
  question.present = !past && !at && !list;
  question.list = list;
  if (past) {
    const bool number = !past->empty() && past->find_first_not_of("0123456789") == std::string::npos;
    if (!number && *past != "race") {
      return Error(ErrorCode::Invalid, fmt::format("--past takes the number of a decision or race, not {}", *past),
                   "explain --list shows the numbers");
    }
    question.endpoint += "?past=" + *past;
  }
  if (list) question.endpoint += "?past=list";
  for (const auto& [option, text] : {std::pair{"at", at}, std::pair{"since", since}}) {
    if (!text) continue;
    const auto time = encoded_time(option, *text, context.clock.wall_now());
    if (!time) return time.error();
    question.endpoint += fmt::format("{}{}={}", list ? "&" : "?", option, *time);
  }
  return question;
}

Result<json::object> ask_explanation(CommandContext& context, const Member& member, const ExplainQuestion& question) {
  const auto response = call_member(context, member, {"GET", question.endpoint, std::nullopt, kAnswerTimeout});
  if (!response) return response.error();
  const auto document = stored::object_of(response->body);
  const bool answers = document && document->contains(question.list ? "past" : "rule");
  // An older release answers every question with the present cycle.
  const bool understood = question.present || question.list || (answers && document->contains("id"));
  if (response->status == 200 && answers && understood) return *document;
  if (!question.present && (response->status == 400 || response->status == 404)) {
    return Error(ErrorCode::NotFound, fmt::format("member {}: {}", member.name, response->body));
  }
  return Error(ErrorCode::Unsupported,
               fmt::format("member {} does not explain itself, status code={}", member.name, response->status),
               question.present ? "only Tamada members answer GET /explain"
                                : "only Tamada members that remember their past answer this");
}

// Everything as one document, or member by member for the eye.
std::string explanations_text(const json::array& documents, const ExplainQuestion& question, const OutputStyle& style) {
  if (style.format == OutputFormat::Json) return to_json(documents, JsonStyle::Spaced) + "\n";
  if (style.format == OutputFormat::Yaml) return to_yaml(documents) + "\n";
  if (question.list) return list_text(documents, style);
  std::string out;
  for (const json::value& document : documents) {
    out += question.present ? explanation_text(document.get_object()) : past_text(document.get_object());
  }
  return out;
}

}  // namespace

Result<void> run_explain(CommandContext& context, const Arguments& arguments) {
  const auto name = cluster_or_default(context, arguments.words);
  if (!name) return name.error();
  const auto question = read_question(context, arguments);
  if (!question) return question.error();
  ClusterAccess cluster(context, *name);
  const auto view = cluster.load();
  if (!view) return view.error();
  const std::vector<Member> members = named_members(*view, arguments.words);
  if (members.empty()) return Error(ErrorCode::NotFound, fmt::format("{} cluster doesn't have such members", *name));
  json::array documents;
  bool failed = false;
  for (const Member& member : members) {
    const auto document = ask_explanation(context, member, *question);
    if (document) {
      documents.push_back(*document);
    } else {
      failed = true;
      context.console.err(fmt::format("Error: {}\n", document.error().text()));
    }
  }
  const OutputStyle style{parse_output_format(arguments.value("format").value_or("pretty")), context.level()};
  context.console.out(explanations_text(documents, *question, style));
  if (failed) return Error(ErrorCode::Unavailable, "not every member explained itself");
  return {};
}

}  // namespace tamada::ctl
