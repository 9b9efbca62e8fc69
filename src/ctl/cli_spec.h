// The command line as data: commands, their options and words. Parsing (ctl/cli_parser.h) and help (ctl/cli_help.h) are
// made from it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ctl/arguments.h"
#include "ctl/command_context.h"

namespace tamada::ctl {

enum class ValueKind { Flag, Text, Integer, Number, Choice };

struct OptionSpec {
  std::string key;                 // in Arguments
  std::vector<std::string> names;  // as shown: "-f", "--format"
  ValueKind kind = ValueKind::Flag;
  std::string help;
  std::vector<std::string> choices;         // Choice
  std::vector<std::string> hidden_choices;  // accepted, not shown: words of older releases
  std::vector<std::string> hidden_names;
};

struct WordSpec {
  std::string name;  // "CLUSTER_NAME"
  bool required = false;
  bool many = false;
  std::vector<std::string> choices;  // of the last word of flush
};

struct CommandSpec {
  std::string name;
  std::string help;
  std::vector<OptionSpec> options;
  std::vector<WordSpec> words;
  std::function<Result<void>(CommandContext&, const Arguments&)> run;
  int failure_exit = 1;  // what an Error ends with, also one from before the command runs
};

const std::vector<OptionSpec>& global_options();
const std::vector<CommandSpec>& commands();
const CommandSpec* find_command(std::string_view name);

}  // namespace tamada::ctl
