#include "ctl/console.h"

#include "base/text.h"

namespace tamada::ctl {

namespace {

constexpr std::string_view kAborted = "aborted by the operator";

}  // namespace

Error aborted() {
  return Error(ErrorCode::Cancelled, std::string(kAborted));
}

bool is_aborted(const Error& error) {
  return error.code == ErrorCode::Cancelled && error.message == kAborted;
}

Result<std::string> ask(Console& console, std::string_view text, std::string_view fallback) {
  console.out(std::string(text) + " [" + std::string(fallback) + "]: ");
  const auto answer = console.read_line();
  if (!answer) return aborted();
  return answer->empty() ? std::string(fallback) : *answer;
}

Result<std::string> ask(Console& console, std::string_view text) {
  for (;;) {
    console.out(std::string(text) + ": ");
    auto answer = console.read_line();
    if (!answer) return aborted();
    if (!answer->empty()) return std::move(*answer);
  }
}

Result<std::string> ask_hidden(Console& console, std::string_view text) {
  for (;;) {
    console.out(std::string(text) + ": ");
    auto answer = console.read_hidden_line();
    console.out("\n");
    if (!answer) return aborted();
    if (!answer->empty()) return std::move(*answer);
  }
}

Result<bool> ask_yes(Console& console, std::string_view text) {
  for (;;) {
    console.out(std::string(text) + " [y/N]: ");
    const auto line = console.read_line();
    if (!line) return aborted();
    const std::string answer = to_lower(trim(*line));
    if (answer == "y" || answer == "yes") return true;
    if (answer.empty() || answer == "n" || answer == "no") return false;
    console.out("Error: invalid input\n");
  }
}

}  // namespace tamada::ctl
