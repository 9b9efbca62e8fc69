// show-config and edit-config (cli.md 5.6, 5.7).
#include <fmt/format.h>

#include "base/python_text.h"
#include "base/text.h"
#include "base/yaml.h"
#include "ctl/commands.h"
#include "ctl/config_edit.h"
#include "ctl/config_preview.h"
#include "ctl/member_selection.h"
#include "ctl/rest_client.h"
#include "model/patch.h"
#include "model/stored_json.h"

namespace tamada::ctl {

namespace {

constexpr std::string_view kStdin = "-";
constexpr std::chrono::seconds kSettingsTimeout{10};

Error domain_error(std::string message) {
  return Error(ErrorCode::Invalid, std::move(message));
}

OutputStyle output_style(const CommandContext& context, const Arguments& arguments) {
  return {parse_output_format(arguments.value("format").value_or("pretty")), context.level()};
}

Error settings_refused(const HttpResponse& response) {
  return Error(ErrorCode::Failed, fmt::format("status code={}, ({})", response.status, response.body));
}

class ConfigEditor {
 public:
  ConfigEditor(CommandContext& context, const Arguments& arguments, ClusterAccess& cluster)
      : context_(context), arguments_(arguments), cluster_(cluster) {}

  Result<void> run() {
    const auto view = cluster_.load();
    if (!view) return view.error();
    if (!view->config) {
      return domain_error(fmt::format("The config key does not exist in the cluster {}", cluster_.name()));
    }
    const std::string before = config_text(view->config->value);
    auto changed = changed_document(view->config->value, before);
    if (!changed) return changed.error();
    const std::string after = config_text(*changed);
    if (before == after) {
      tell("Not changed\n");
      return {};
    }
    if (given("dry-run")) return preview(*view, *changed);
    if (const auto shown = show_diff(before, after); !shown) return shown;
    const auto wanted = confirmed();
    if (!wanted) return wanted.error();
    return *wanted ? write(*changed, view->config_revision) : Result<void>();
  }

 private:
  bool given(const char* option) const { return arguments_.has(option); }

  void tell(std::string_view text) {
    if (!given("quiet")) context_.console.out(text);
  }

  Result<json::object> changed_document(const json::object& document, const std::string& text) {
    if (!given("replace") && !given("apply") && !given("set") && !given("pg")) return edited(text);
    json::object changed = document;
    if (const auto file = arguments_.value("replace")) {
      auto replacement = read_file(*file);
      if (!replacement) return replacement.error();
      changed = std::move(*replacement);
    }
    if (const auto file = arguments_.value("apply")) {
      const auto patch = read_file(*file);
      if (!patch) return patch.error();
      patch_config(changed, *patch);
    }
    std::vector<std::string> settings = arguments_.values("set");
    for (const std::string& pair : arguments_.values("pg")) settings.push_back("postgresql.parameters." + pair);
    for (const std::string& setting : settings) {
      if (const auto set = set_by_path(changed, setting); !set) return set.error();
    }
    return changed;
  }

  Result<json::object> read_file(const std::string& name) {
    if (name == kStdin) {
      from_stdin_ = true;
      return parse_config_text(context_.console.read_all(), "standard input");
    }
    const auto text = context_.programs.read_file(name);
    if (!text) return text.error();
    return parse_config_text(*text, name);
  }

  Result<json::object> edited(const std::string& text) {
    const auto editor = find_editor();
    if (!editor) return editor.error();
    std::string prefix = cluster_.name() + "-config-";
    for (char& c : prefix) c = c == '/' ? '_' : c;
    const auto answer = context_.programs.edit(*editor, prefix, text);
    if (!answer) return answer.error();
    return parse_config_text(*answer, "the edited configuration");
  }

  Result<std::string> find_editor() const {
    if (const auto own = context_.programs.variable("EDITOR")) {
      if (const auto path = context_.programs.find(*own)) return *path;
      return Error(ErrorCode::NotFound, fmt::format("EDITOR names '{}', which is no executable program", *own),
                   "EDITOR is one path, without arguments");
    }
    for (const char* name : {"editor", "vi"}) {
      if (const auto path = context_.programs.find(name)) return *path;
    }
    return domain_error("EDITOR environment variable is not set. editor or vi are not available");
  }

  Result<void> show_diff(const std::string& before, const std::string& after) {
    if (given("quiet")) return {};
    const std::string diff = unified_diff(before, after);
    if (!context_.console.out_is_terminal()) {
      context_.console.out(diff);
      return {};
    }
    const auto pager = find_pager();
    if (!pager) return pager.error();
    const auto code = context_.programs.run(*pager, coloured_diff(diff));
    return code ? Result<void>() : Result<void>(code.error());
  }

  Result<std::vector<std::string>> find_pager() const {
    if (const auto own = context_.programs.variable("PAGER")) {
      if (const auto path = context_.programs.find(*own)) return pager_command(*path);
    }
    for (const char* name : {"less", "more"}) {
      if (const auto path = context_.programs.find(name)) return pager_command(*path);
    }
    return Error(ErrorCode::NotFound,
                 "No pager could be found. Either set PAGER environment variable with your pager or install either "
                 "\"less\" or \"more\" in the host.");
  }

  // less ends by itself when everything fits, shows colours and does not wipe the screen.
  static std::vector<std::string> pager_command(const std::string& path) {
    if (path == "less" || path.ends_with("/less")) return {path, "-FRSX"};
    return {path};
  }

  // What the members would make of it; nothing is written.
  Result<void> preview(const ClusterView& view, const json::object& document) {
    std::vector<PreviewAnswer> answers;
    const std::vector<Member> leaders = members_of_role(view, RoleChoice::Leader);
    bool asked = false;
    for (const Member& member : named_members(view, {})) {
      PreviewAnswer answer;
      answer.member = member.name;
      answer.leads = !leaders.empty() && leaders.front().name == member.name;
      auto changes = ask_changes(member, document);
      if (changes) {
        answer.changes = std::move(*changes);
        asked = true;
      } else {
        answer.not_asked = changes.error().text();
      }
      answers.push_back(std::move(answer));
    }
    context_.console.out(preview_text(answers, output_style(context_, arguments_)));
    if (!asked) return Error(ErrorCode::Unavailable, "no member could be asked what it would do");
    if (refuses_something(answers)) return domain_error("a value would be refused");
    return {};
  }

  Result<json::array> ask_changes(const Member& member, const json::object& document) {
    json::object body{{"config", document}};
    const auto response = call_member(context_, member, {"POST", "settings", std::move(body), kSettingsTimeout});
    if (!response) return response.error();
    if (response->status == 501) return Error(ErrorCode::Unsupported, "it is no Tamada member, or an older one");
    if (response->status != 200) return settings_refused(*response);
    return read_changes(response->body);
  }

  Result<bool> confirmed() {
    if (given("force")) return true;
    if (from_stdin_) {
      context_.console.out("Use --force option to apply changes\n");
      return false;
    }
    return ask_yes(context_.console, "Apply these changes?");
  }

  Result<void> write(const json::object& document, std::int64_t revision) {
    const auto written = cluster_.write(
        {StoreKey::Config, to_json(document, JsonStyle::Compact), WriteCondition::unchanged(revision), std::nullopt});
    if (!written && written.error().code == ErrorCode::Conflict) {
      return domain_error("Config modification aborted due to concurrent changes");
    }
    if (!written) return written.error();
    context_.console.out("Configuration changed\n");
    return {};
  }

  CommandContext& context_;
  const Arguments& arguments_;
  ClusterAccess& cluster_;
  bool from_stdin_ = false;
};

Result<json::object> ask_origins(CommandContext& context, const Member& member) {
  const auto response = call_member(context, member, {"GET", "settings", std::nullopt, kSettingsTimeout});
  if (!response) return response.error();
  const auto document = stored::object_of(response->body);
  if (response->status == 200 && document && document->contains("settings")) return *document;
  if (response->status == 401 || response->status == 403) return settings_refused(*response);
  return Error(ErrorCode::Unsupported, "it is no Tamada member, or an older one");
}

// "16MB in /etc/p.yml line 4; 4MB by default"
std::string overrode_text(const json::object& setting) {
  std::vector<std::string> out;
  for (const json::value& one : stored::array_field(setting, "overrode").value_or(json::array{})) {
    if (!one.is_object()) continue;
    const json::object& other = one.get_object();
    const json::value* value = other.if_contains("value");
    const std::string why = stored::text_field(other, "why");
    out.push_back(fmt::format("{}: {}{}", stored::text_field(other, "source"),
                              value == nullptr ? "" : python_text(*value), why.empty() ? "" : " (" + why + ")"));
  }
  return join(out, "; ");
}

OutputTable origins_table(const json::array& documents) {
  OutputTable table;
  table.columns = {{"member", "Member"}, {"path", "Setting"},      {"value", "Value"},
                   {"source", "Source"}, {"overrode", "Overrode"}, {"note", "Note"}};
  for (const json::value& document : documents) {
    const json::object& of_member = document.get_object();
    for (const json::value& one : stored::array_field(of_member, "settings").value_or(json::array{})) {
      if (!one.is_object()) continue;
      const json::object& setting = one.get_object();
      const json::value* value = setting.if_contains("value");
      table.rows.push_back({json::value(stored::text_field(of_member, "member")),
                            json::value(stored::text_field(setting, "path")),
                            value == nullptr || value->is_null() ? json::value() : json::value(python_text(*value)),
                            json::value(stored::text_field(setting, "source")), json::value(overrode_text(setting)),
                            json::value(stored::text_field(setting, "note"))});
    }
  }
  return table;
}

Result<void> show_origins(CommandContext& context, const Arguments& arguments, const ClusterView& view) {
  std::vector<std::string> words{""};
  for (const std::string& name : arguments.values("member")) words.push_back(name);
  const std::vector<Member> members = named_members(view, words);
  if (members.empty()) return Error(ErrorCode::NotFound, "the cluster doesn't have such a member");
  json::array documents;
  for (const Member& member : members) {
    const auto document = ask_origins(context, member);
    if (document) {
      documents.push_back(*document);
    } else {
      context.console.err(fmt::format("Error: member {}: {}\n", member.name, document.error().text()));
    }
  }
  const OutputStyle style = output_style(context, arguments);
  if (style.format == OutputFormat::Json) {
    context.console.out(to_json(documents, JsonStyle::Spaced) + "\n");
  } else if (style.format == OutputFormat::Yaml) {
    context.console.out(to_yaml(documents));
  } else {
    context.console.out(format_output(origins_table(documents), style));
  }
  if (documents.size() < members.size()) {
    return Error(ErrorCode::Unavailable, "not every member told its settings");
  }
  return {};
}

}  // namespace

Result<void> run_show_config(CommandContext& context, const Arguments& arguments) {
  const auto name = cluster_or_default(context, arguments.words);
  if (!name) return name.error();
  if (!arguments.has("origin") && (arguments.has("member") || arguments.has("format"))) {
    return Error(ErrorCode::Invalid, "--member and --format need --origin: the dynamic configuration is one for all");
  }
  ClusterAccess cluster(context, *name);
  const auto view = cluster.load();
  if (!view) return view.error();
  if (arguments.has("origin")) return show_origins(context, arguments, *view);
  if (view->config) context.console.out(config_text(view->config->value) + "\n");
  return {};
}

Result<void> run_edit_config(CommandContext& context, const Arguments& arguments) {
  const auto name = cluster_or_default(context, arguments.words);
  if (!name) return name.error();
  ClusterAccess cluster(context, *name);
  return ConfigEditor(context, arguments, cluster).run();
}

}  // namespace tamada::ctl
