// Turns the words of the command line into Arguments. Its failures are worded as patronictl's users know them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ctl/arguments.h"
#include "ctl/cli_spec.h"

namespace tamada::ctl {

struct ParsedLine {
  Arguments global;                      // options before the command
  const CommandSpec* command = nullptr;  // null: help of the program was asked for
  Arguments arguments;
  bool help = false;
  std::optional<std::string> usage_error;  // what is wrong with `command`, or with the program's own options
  bool bare_error = false;                 // told without the usage lines
};

ParsedLine parse_line(const std::vector<std::string>& words);

}  // namespace tamada::ctl
