// show-config and edit-config (cli.md 5.6, 5.7).
#include <fmt/format.h>

#include "ctl/commands.h"
#include "ctl/config_edit.h"
#include "model/patch.h"

namespace tamada::ctl {

namespace {

constexpr std::string_view kStdin = "-";

Error domain_error(std::string message) {
  return Error(ErrorCode::Invalid, std::move(message));
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

}  // namespace

Result<void> run_show_config(CommandContext& context, const Arguments& arguments) {
  const auto name = cluster_or_default(context, arguments.words);
  if (!name) return name.error();
  ClusterAccess cluster(context, *name);
  const auto view = cluster.load();
  if (!view) return view.error();
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
