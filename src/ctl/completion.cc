#include "ctl/completion.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "ctl/cli_spec.h"
#include "ctl/commands.h"

namespace tamada::ctl {

namespace {

// Options whose text is the name of a file.
const std::set<std::string> kFiles{"config-file", "apply", "replace"};

std::vector<std::string> option_names(const std::vector<OptionSpec>& options) {
  std::vector<std::string> names;
  for (const OptionSpec& option : options) names.insert(names.end(), option.names.begin(), option.names.end());
  return names;
}

// The arm of `case $before` for one option that takes a value.
std::string value_arm(const OptionSpec& option) {
  const std::string pattern = join(option.names, "|");
  if (option.kind == ValueKind::Choice)
    return fmt::format("        {}) offered='{}' ;;\n", pattern, join(option.choices, " "));
  if (kFiles.contains(option.key)) return fmt::format("        {}) files=yes ;;\n", pattern);
  return fmt::format("        {}) return ;;\n", pattern);
}

std::string arm(const std::string& command, const std::vector<OptionSpec>& options,
                const std::vector<std::string>& words) {
  std::string out = fmt::format("    '{}')\n      options='{}'\n      offered='{}'\n", command,
                                join(option_names(options), " "), join(words, " "));
  std::string values;
  for (const OptionSpec& option : options) {
    if (option.kind != ValueKind::Flag && !option.names.empty()) values += value_arm(option);
  }
  if (!values.empty()) out += "      case $before in\n" + values + "      esac\n";
  return out + "      ;;\n";
}

// What stands before the command: options with a value take the next word along.
std::string skipped_options() {
  std::vector<std::string> names;
  for (const OptionSpec& option : global_options()) {
    if (option.kind != ValueKind::Flag) names.insert(names.end(), option.names.begin(), option.names.end());
  }
  return join(names, "|");
}

constexpr const char* kBegin = R"(# bash completion for {0}; made by: {0} completion bash
{1}() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} command= options= offered= files= i
  # bash cuts --format=json into three words.
  if [[ $word == '=' ]]; then
    word=
  elif [[ $before == '=' ]]; then
    before=${{COMP_WORDS[COMP_CWORD-2]}}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${{COMP_WORDS[i]}} in
      {2}) [[ ${{COMP_WORDS[i+1]}} == '=' ]] && ((i++)); ((i++)) ;;
      -*) ;;
      *) command=${{COMP_WORDS[i]}}; break ;;
    esac
  done
  case $command in
)";

constexpr const char* kEnd = R"(  esac
  [[ $word == -* ]] && offered=$options
  COMPREPLY=($(compgen -W "$offered" -- "$word"))
  [[ -z $files ]] || COMPREPLY=($(compgen -f -- "$word"))
}}
complete -F {1} {0}
)";

}  // namespace

std::string bash_completion(const std::string& program) {
  std::string function = "_" + program;
  std::replace_if(
      function.begin(), function.end(),
      [](char c) { return !(c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')); },
      '_');
  std::vector<std::string> names;
  for (const CommandSpec& command : commands()) names.push_back(command.name);
  std::string out = fmt::format(kBegin, program, function, skipped_options());
  out += arm("", global_options(), names);
  for (const CommandSpec& command : commands()) {
    out += arm(command.name, command.options,
               command.words.empty() ? std::vector<std::string>{} : command.words.back().choices);
  }
  return out + fmt::format(kEnd, program, function);
}

Result<void> run_completion(CommandContext& context, const Arguments&) {
  context.console.out(bash_completion(context.program));
  return {};
}

}  // namespace tamada::ctl
