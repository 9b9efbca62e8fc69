// From the parsed command line to the exit code (cli.md 1.1, 1.2). Knows no adapters.
#pragma once

#include "ctl/cli_parser.h"
#include "ctl/command_context.h"

namespace tamada::ctl {

// Writes help or the usage error and returns its exit code; nullopt when the command is to be run.
std::optional<int> answer_without_command(Console& console, const std::string& program, const ParsedLine& line);

// "Error: ..." or "Aborted!" on stderr, and the exit code.
int report(Console& console, const Error& error, int code);

int run_command(CommandContext& context, const ParsedLine& line);

}  // namespace tamada::ctl
