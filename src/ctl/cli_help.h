// Usage lines and help pages, made from the command line's description. Pure.
#pragma once

#include <string>

#include "ctl/cli_spec.h"

namespace tamada::ctl {

// `command` is null for the program itself.
std::string usage_line(const std::string& program, const CommandSpec* command);
std::string help_page(const std::string& program, const CommandSpec* command);

// "Usage: ...\nTry '<program> --help' for help.\n\nError: <message>\n"
std::string usage_error_text(const std::string& program, const CommandSpec* command, const std::string& message);

}  // namespace tamada::ctl
