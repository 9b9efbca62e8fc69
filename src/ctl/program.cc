#include "ctl/program.h"

#include <fmt/format.h>

#include "ctl/cli_help.h"

namespace tamada::ctl {

namespace {

constexpr int kUsageExit = 2;

// Messages of several lines are whole texts of their own; a hint stands below.
std::string error_text(const Error& error) {
  std::string out = "Error: " + error.message;
  for (const Error* cause = error.cause.get(); cause != nullptr; cause = cause->cause.get()) {
    out += ": " + cause->message;
  }
  out += "\n";
  if (!error.hint.empty()) out += "Hint: " + error.hint + "\n";
  return out;
}

}  // namespace

std::optional<int> answer_without_command(Console& console, const std::string& program, const ParsedLine& line) {
  if (line.help) {
    console.out(help_page(program, line.command));
    return 0;
  }
  if (!line.usage_error) return std::nullopt;
  console.err(line.bare_error ? fmt::format("Error: {}\n", *line.usage_error)
                              : usage_error_text(program, line.command, *line.usage_error));
  return kUsageExit;
}

int report(Console& console, const Error& error, int code) {
  console.err(is_aborted(error) ? "Aborted!\n" : error_text(error));
  return code;
}

int run_command(CommandContext& context, const ParsedLine& line) {
  if (line.arguments.has("group")) {
    return report(context.console,
                  Error(ErrorCode::Unsupported, "Citus clusters are not managed, so there is no --group",
                        "give each group's cluster a scope of its own and name that"),
                  line.command->failure_exit);
  }
  const auto done = line.command->run(context, line.arguments);
  if (done) return context.exit_code;
  return report(context.console, done.error(), line.command->failure_exit);
}

}  // namespace tamada::ctl
