// version, explain and detach: single questions to members' REST API.
#include <algorithm>

#include <fmt/format.h>

#include "base/python_text.h"
#include "base/version.h"
#include "base/yaml.h"
#include "ctl/commands.h"
#include "ctl/member_selection.h"
#include "ctl/output.h"
#include "ctl/rest_client.h"
#include "model/stored_json.h"

namespace tamada::ctl {

namespace {

constexpr std::chrono::seconds kAnswerTimeout{10};
constexpr std::uint64_t kFirstTwoPartVersion = 100000;

std::string postgres_version_text(std::uint64_t number) {
  if (number < kFirstTwoPartVersion) {
    return fmt::format("{}.{}.{}", number / 10000, number / 100 % 100, number % 100);
  }
  return fmt::format("{}.{}", number / 10000, number % 10000);
}

std::string version_line(const Member& member, const Result<HttpResponse>& response) {
  if (!response) return fmt::format("{}: failed to get version: {}\n", member.name, response.error().text());
  const auto status = stored::object_of(response->body);
  const auto agent = status ? stored::object_field(*status, "patroni") : std::nullopt;
  if (!agent) return fmt::format("{}: failed to get version: the answer is no status document\n", member.name);
  std::string line = fmt::format("{}: Patroni {}", member.name, stored::text_field(*agent, "version"));
  const std::uint64_t server = stored::number_field(*status, "server_version");
  return line + (server == 0 ? "\n" : fmt::format(" PostgreSQL {}\n", postgres_version_text(server)));
}

std::vector<Member> named_members(const ClusterView& view, const std::vector<std::string>& words) {
  std::vector<Member> members = members_of_role(view, RoleChoice::Any);
  if (words.size() < 2) return members;
  std::erase_if(members, [&](const Member& member) {
    return std::find(words.begin() + 1, words.end(), member.name) == words.end();
  });
  return members;
}

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

// One member's explanation for the eye; fields that are missing are left out.
std::string explanation_text(const json::object& document) {
  std::string out =
      fmt::format("{}: {}\n", stored::text_field(document, "member"), stored::text_field(document, "status"));
  for (const char* field : {"rule", "situation", "because", "procedure", "lock_valid_for", "postgres"}) {
    const json::value* value = document.if_contains(field);
    if (value != nullptr && !value->is_null()) out += fmt::format("  {}: {}\n", field, python_text(*value));
  }
  if (const auto clone = stored::object_field(document, "clone")) out += fmt::format("  {}\n", clone_line(*clone));
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

Result<json::object> ask_explanation(CommandContext& context, const Member& member) {
  const auto response = call_member(context, member, {"GET", "explain", std::nullopt, kAnswerTimeout});
  if (!response) return response.error();
  const auto document = stored::object_of(response->body);
  if (response->status != 200 || !document || !document->contains("rule")) {
    return Error(ErrorCode::Unsupported,
                 fmt::format("member {} does not explain itself, status code={}", member.name, response->status),
                 "only Tamada members answer GET /explain");
  }
  return *document;
}

// Everything as one document, or member by member for the eye.
std::string explanations_text(const json::array& documents, OutputFormat format) {
  if (format == OutputFormat::Json) return to_json(documents, JsonStyle::Spaced) + "\n";
  if (format == OutputFormat::Yaml) return to_yaml(documents) + "\n";
  std::string out;
  for (const json::value& document : documents) out += explanation_text(document.get_object());
  return out;
}

}  // namespace

Result<void> run_version(CommandContext& context, const Arguments& arguments) {
  context.console.out(fmt::format("{} version {}\n", context.program, own_version()));
  if (arguments.words.empty()) return {};
  ClusterAccess cluster(context, arguments.words.front());
  const auto view = cluster.load();
  if (!view) return view.error();
  context.console.out("\n");
  for (const Member& member : named_members(*view, arguments.words)) {
    const auto response = call_member(context, member, {"GET", "patroni", std::nullopt, kAnswerTimeout});
    context.console.out(version_line(member, response));
  }
  return {};
}

Result<void> run_explain(CommandContext& context, const Arguments& arguments) {
  const auto name = cluster_or_default(context, arguments.words);
  if (!name) return name.error();
  ClusterAccess cluster(context, *name);
  const auto view = cluster.load();
  if (!view) return view.error();
  const std::vector<Member> members = named_members(*view, arguments.words);
  if (members.empty()) return Error(ErrorCode::NotFound, fmt::format("{} cluster doesn't have such members", *name));
  json::array documents;
  bool failed = false;
  for (const Member& member : members) {
    const auto document = ask_explanation(context, member);
    if (document) {
      documents.push_back(*document);
    } else {
      failed = true;
      context.console.err(fmt::format("Error: {}\n", document.error().text()));
    }
  }
  context.console.out(explanations_text(documents, parse_output_format(arguments.value("format").value_or("pretty"))));
  if (failed) return Error(ErrorCode::Unavailable, "not every member explained itself");
  return {};
}

Result<void> run_detach(CommandContext& context, const Arguments& arguments) {
  // No store is asked: detaching has to work while it is away.
  Member local;
  local.name = context.settings.name;
  local.api_url = context.settings.api_url();
  if (local.name.empty()) {
    return Error(ErrorCode::Invalid, "the configuration has no name, so there is no local member to detach",
                 "give the daemon's own file with -c");
  }
  const auto confirmed = confirm_action(
      context, arguments.has("force"),
      fmt::format("detach member {} and leave PostgreSQL running without its daemon", local.name), "detach");
  if (!confirmed) return confirmed;
  const auto response = call_member(context, local, {"POST", "detach", std::nullopt, kAnswerTimeout});
  if (!response) return response.error();
  const bool accepted = response->status == 200 || response->status == 202;
  context.console.out(accepted ? fmt::format("Success: detach of member {}\n", local.name)
                               : failure_text("detach", local, *response));
  if (accepted) return {};
  return Error(ErrorCode::Failed, fmt::format("member {} was not detached", local.name),
               "send SIGUSR2 to the daemon to detach it without REST");
}

}  // namespace tamada::ctl
